#include "chunker/scan_record.h"
#include "core/byte_reader.h"
#include "core/tree_codec.h"
#include "tests/fuzz/fuzz_target.h"

namespace azekura::tests {

namespace {

chunker::FileState read_state(ByteView bytes) {
  ByteReader in{bytes, "a state"};
  chunker::FileState state;
  state.device = in.u64();
  state.inode = in.u64();
  state.size = in.u64();
  state.modified = decode_time(in);
  state.changed = decode_time(in);
  state.born = decode_time(in);
  return state;
}

}  // namespace

/// Input: a record. Whatever it has under a name and a state is that file's, or refused.
void fuzz_one(ByteView input) {
  const auto record = decoded([&] {
    return chunker::ScanRecord{Buffer{input.begin(), input.end()}};
  });
  if (!record) {
    return;
  }
  AZK_CHECK(equal(record->encoded(), input));
  for (const chunker::ScanRecord::Child& child : record->children()) {
    if (child.state.empty()) {
      continue;
    }
    const auto found =
        decoded([&] { return chunker::ScanRecord::entry_of(child, read_state(child.state)); });
    if (found) {
      AZK_CHECK(found->has_value() && (*found)->name == child.name &&
                (*found)->content.has_value());
    }
  }
}

}  // namespace azekura::tests
