#include "chunker/file_cutters.h"

namespace azekura::chunker {

const ChunkEnds& FileCutters::ends_for(std::uint64_t file_bytes, ByteView head) {
  if (file_bytes < kClassifiedBytes) {
    return tiny_;
  }
  switch (class_of(head)) {
    case ContentClass::pages:
      return pages_.emplace(file_bytes);
    case ContentClass::written_once:
      return large_;
    case ContentClass::other:
      break;
  }
  return file_bytes < kSmallFileBytes ? tiny_ : small_;
}

}  // namespace azekura::chunker
