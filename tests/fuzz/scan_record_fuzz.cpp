#include "chunker/scan_record.h"
#include "core/byte_reader.h"
#include "core/limits.h"
#include "tests/fuzz/fuzz_target.h"

namespace azekura::tests {

namespace {

Timestamp read_time(ByteReader& in) {
  Timestamp time;
  time.seconds = in.i64();
  time.nanoseconds = in.u32();
  return time;
}

chunker::FileState read_state(ByteReader& in) {
  chunker::FileState state;
  state.device = in.u64();
  state.inode = in.u64();
  state.size = in.u64();
  state.modified = read_time(in);
  state.changed = read_time(in);
  state.born = read_time(in);
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
  ByteReader in{input, "a scan record"};
  in.u32();
  while (!in.at_end()) {
    const std::string name = in.short_text(limits::kNameMax);
    const chunker::FileState state = read_state(in);
    in.long_bytes(in.remaining());
    const auto found = decoded([&] { return record->find(name, state); });
    if (found) {
      AZK_CHECK(found->has_value() && (*found)->name == name && (*found)->content.has_value());
    }
  }
}

}  // namespace azekura::tests
