#pragma once

#include "cli/output.h"
#include "core/entry.h"
#include "core/extent_source.h"

#include <string>

namespace azekura::cli {

/// Like `ls -l`: type and mode, owner, size, time, path.
std::string entry_line(const std::string& path, const Entry& entry);
/// The same for programs; docs/json.md.
Json entry_object(const std::string& path, const Entry& entry);

/// A file's bytes to standard output, none before they are proven.
void write_entry_to_stdout(ExtentSource& source, const Entry& root, const Entry& file);

}  // namespace azekura::cli
