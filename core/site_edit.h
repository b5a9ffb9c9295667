#pragma once

#include <string>
#include <string_view>

/// Changes to the text of a site file, which people write too.
namespace azekura {

/// A TOML string. Errors: UsageError if `text` is not UTF-8.
std::string toml_text(std::string_view text);

/// The site file with tables added behind it. Pools may still be without sets.
/// Errors: UsageError about the line if there is a mistake in `site_file`; else about what cannot
/// be added.
std::string with_tables(std::string_view site_file, std::string_view tables);

/// A valid site file with another folder of a set that has one; nothing else in it changes.
/// Errors: UsageError if `folder` is not UTF-8.
std::string with_folder(std::string_view site_file, std::string_view set, std::string_view folder);

}  // namespace azekura
