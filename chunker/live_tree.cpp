#include "chunker/live_tree.h"

#include "core/error.h"
#include "core/file_io.h"

#include <fcntl.h>

namespace azekura::chunker {

std::optional<SourceFile> LiveTree::open(const std::string& path) const {
  if (path.empty()) {
    return SourceFile::open(AT_FDCWD, root_, root_);
  }
  constexpr int kFolder = O_PATH | O_DIRECTORY | O_CLOEXEC;
  UniqueFd folder = open_file(root_, kFolder);
  std::size_t begin = 0;
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', begin)) {
    folder = open_file_at(folder.get(), path.substr(begin, slash - begin), kFolder | O_NOFOLLOW);
    begin = slash + 1;
  }
  return SourceFile::open(folder.get(), path.substr(begin), path);
}

std::optional<Buffer> LiveTree::read(const std::string& path, std::uint64_t offset,
                                     std::size_t bytes) {
  try {
    if (!file_ || open_path_ != path) {
      file_ = open(path);
      open_path_ = path;
    }
    Buffer part(bytes);
    if (!file_ || read_some_at(file_->fd(), part, offset, path) != bytes) {
      return std::nullopt;
    }
    return part;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal || error.kind() == ErrorKind::interrupted) {
      throw;
    }
    return std::nullopt;
  }
}

}  // namespace azekura::chunker
