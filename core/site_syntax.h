#pragma once

#include "core/site_finding.h"

#include <cstddef>
#include <string_view>
#include <vector>

namespace azekura {

/// What of a site file is no TOML, by rising line; nothing if it is TOML.
///
/// Lines are looked at one by one, so that no mistake comes of another. The search ends at a list
/// or a text of several lines that is wrong, for nobody knows where it was to end, at one of
/// hundreds of lines, at bytes that are not UTF-8, after 20 mistakes, and when it took long.
std::vector<SiteFinding> syntax_mistakes(std::string_view site_file);

/// The byte at which a place begins that is told in lines and characters, both from 1.
std::size_t byte_offset(std::string_view text, unsigned line, unsigned column);

}  // namespace azekura
