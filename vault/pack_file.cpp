#include "vault/pack_file.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/sabotage.h"

#include <fcntl.h>

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
  leaves_.update(bytes);
}

Buffer PackFile::finish_leaves() {
  stage_.drain();
  return leaves_.finish();
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
