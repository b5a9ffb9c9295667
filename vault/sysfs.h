#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// What the kernel says in files, and is told in them.
namespace azekura::vault {

/// The whole text of such a file; their sizes say nothing. Empty if there is none to be read.
std::string kernel_text(const std::string& path);
/// The same of one line, without its end, printable.
std::string sysfs_text(const std::string& path);
/// 0 if there is none.
std::uint64_t sysfs_number(const std::string& path);
/// False if there is no such file, or the kernel refuses.
bool write_sysfs(const std::string& path, std::string_view value);

}  // namespace azekura::vault
