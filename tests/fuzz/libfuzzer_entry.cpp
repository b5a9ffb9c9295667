#include "tests/fuzz/fuzz_target.h"

/// Source: LLVM, "libFuzzer – a library for coverage-guided fuzz testing".
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  azekura::tests::fuzz_one(std::as_bytes(std::span{data, size}));
  return 0;
}
