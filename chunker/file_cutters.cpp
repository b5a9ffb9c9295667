#include "chunker/file_cutters.h"

namespace azekura::chunker {

const ChunkEnds& FileCutters::ends_for(std::uint64_t file_bytes, ByteView head) {
  if (file_bytes < kClassifiedBytes) {
    return medium_;
  }
  switch (class_of(head)) {
    case ContentClass::pages:
      return pages_.emplace(file_bytes);
    case ContentClass::dump:
      return small_;
    case ContentClass::written_once:
      return large_;
    case ContentClass::other:
      break;
  }
  return medium_;
}

}  // namespace azekura::chunker
