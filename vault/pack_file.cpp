#include "vault/pack_file.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/limits.h"
#include "core/sabotage.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace azekura::vault {

namespace {
constexpr std::size_t kWaiting = 4;
}  // namespace

PackFile::PackFile(std::string path)
    : path_{std::move(path)},
      file_{open_file(path_ + ".part", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)},
      stage_{1, kWaiting, [this](const Buffer& bytes) { take(bytes); }, [](const Buffer&) {}} {}

void PackFile::append(Buffer bytes) {
  size_ += bytes.size();
  stage_.push(std::move(bytes));
}

void PackFile::take(ByteView bytes) {
  write_all(file_.get(), bytes, path_);
  while (!bytes.empty()) {
    const std::size_t part = std::min<std::size_t>(bytes.size(), limits::kLeafBytes - leaf_bytes_);
    leaf_.update(bytes.first(part));
    leaf_bytes_ += part;
    bytes = bytes.subspan(part);
    if (leaf_bytes_ == limits::kLeafBytes) {
      azekura::append(leaf_hashes_, leaf_.finish().bytes());
      leaf_bytes_ = 0;
    }
  }
}

Buffer PackFile::finish_leaves() {
  stage_.drain();
  if (leaf_bytes_ > 0) {
    azekura::append(leaf_hashes_, leaf_.finish().bytes());
    leaf_bytes_ = 0;
  }
  return std::move(leaf_hashes_);
}

void PackFile::finish(ByteView tail) {
  write_all(file_.get(), tail, path_);
  if (!sabotaged(Sabotage::no_fsync)) {
    sync_file(file_.get(), path_);
  }
  file_.close();
  if (::rename((path_ + ".part").c_str(), path_.c_str()) != 0) {
    throw SystemError{errno, "rename a finished pack in the spool"};
  }
}

}  // namespace azekura::vault
