#include "restore/live_parts.h"

#include "core/error.h"

#include <filesystem>
#include <system_error>

namespace azekura::restore {

namespace {

EntryKind kind_of_root(const std::string& root) {
  std::error_code ignored;
  return std::filesystem::is_directory(root, ignored) ? EntryKind::directory : EntryKind::file;
}

}  // namespace

LiveParts::LiveParts(const std::string& root) : root_{root}, tree_{root, kind_of_root(root)} {}

std::optional<Buffer> LiveParts::read(const std::string& path, std::uint64_t offset,
                                      std::size_t bytes) {
  try {
    if (!file_ || open_path_ != path) {
      file_ = tree_.open(path);
      open_path_ = path;
    }
    Buffer part(bytes);
    return file_ && file_->read(offset, part) == bytes ? std::optional{std::move(part)}
                                                       : std::nullopt;
  } catch (const SourceError&) {
    return std::nullopt;
  }
}

}  // namespace azekura::restore
