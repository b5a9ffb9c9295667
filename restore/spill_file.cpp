#include "restore/spill_file.h"

#include "core/file_io.h"

#include <fcntl.h>

#include <utility>

namespace azekura::restore {

SpillFile::SpillFile(std::string directory) : directory_{std::move(directory)} {
  try {
    file_ = open_file(directory_, O_RDWR | O_TMPFILE | O_EXCL);
  } catch (const SystemError& error) {
    failure_ = error;
  }
}

int SpillFile::fd() const {
  if (failure_) {
    throw SystemError{*failure_};
  }
  return file_.get();
}

}  // namespace azekura::restore
