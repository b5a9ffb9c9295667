#pragma once

#include <functional>
#include <string>
#include <vector>

namespace azekura::chunker {

/// Told each name of a directory and whether it is a directory itself; false leaves it out.
using NameFilter = std::function<bool(const std::string& name, bool is_directory)>;

/// Adds the names in the open directory to `names`, sorted; `wanted` may be empty.
/// Errors: SourceError about `path`; `names` then has those that were read.
void list_names(int directory, const std::string& path, const NameFilter& wanted,
                std::vector<std::string>& names);

/// The file that marks a directory as a cache. Source: https://bford.info/cachedir/
inline constexpr const char* kCacheTag = "CACHEDIR.TAG";

/// True if the open directory has a cache tag: a regular file that begins with the signature.
[[nodiscard]] bool is_tagged_cache(int directory);

}  // namespace azekura::chunker
