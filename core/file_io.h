#pragma once

#include "core/bytes.h"
#include "core/unique_fd.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// POSIX files with errors as exceptions. Paths are raw bytes. Errors: SystemError, naming the
/// path.
namespace azekura {

UniqueFd open_file(const std::string& path, int flags, unsigned mode = 0600);
UniqueFd open_file_at(int directory, const std::string& name, int flags, unsigned mode = 0600);

/// Reads until `into` is full or the file ends; returns how many bytes were read.
std::size_t read_some(int fd, MutableBytes into, const std::string& name);
/// Like read_some, from `offset`.
std::size_t read_some_at(int fd, MutableBytes into, std::uint64_t offset, const std::string& name);
void write_all(int fd, ByteView bytes, const std::string& name);
void write_all_at(int fd, ByteView bytes, std::uint64_t offset, const std::string& name);
/// Copies bytes from one file to the same place in another, sharing them where the file system can.
/// `name` is that of both. Errors: also if there are not so many.
void copy_range(int from, int into, std::uint64_t offset, std::uint64_t length,
                const std::string& name);
/// Flushes content and metadata to the device. A failure means the content is unknown: never
/// retry on the same file.
void sync_file(int fd, const std::string& name);
void sync_directory(const std::string& path);

/// The whole file. Errors: also DamageError if it is longer than `max`.
Buffer read_file(const std::string& path, std::uint64_t max);
/// nullopt if there is no such file.
std::optional<Buffer> read_file_if_any(const std::string& path, std::uint64_t max);

/// Replaces or creates `path` so that a crash leaves the old or the new content, and the new one
/// is on the device when this returns.
void replace_file(const std::string& path, ByteView bytes, unsigned mode = 0600);

/// Creates the directory if it is missing and makes its name durable.
void make_directory(const std::string& path, unsigned mode = 0700);
bool exists(const std::string& path);
std::uint64_t file_size(int fd, const std::string& name);
/// Names in a directory but "." and "..", sorted; empty if it does not exist.
std::vector<std::string> list_directory(const std::string& path);
/// The same of one that is open; `path` is for messages.
std::vector<std::string> list_directory(UniqueFd directory, const std::string& path);
/// Removes a file, if it is there.
void remove_file(const std::string& path);
/// Removes a directory and all below it, following no link.
void remove_tree(const std::string& path);
/// Removes what is in a directory, but one name, as far as it can be: for what another error left.
void try_to_empty(const std::string& path, std::string_view spared = {}) noexcept;

/// Absolute form of a path, links resolved as far as it exists. Errors: UsageError if it is empty.
std::string absolute_path(const std::string& path);
/// Of two absolute paths: whether `path` is `folder` or lies below it.
bool is_at_or_below(const std::string& path, const std::string& folder);

}  // namespace azekura
