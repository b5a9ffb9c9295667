#include "vault/sha256_kernel.h"

#include <cstdio>

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

/// Usage: PROGRAM [doctest's options]. 77 if the machine has no SHA instructions.
int main(int count, char** arguments) {
  if (!azekura::vault::has_sha_instructions()) {
    std::puts("skipped: this machine has no SHA instructions");
    return 77;
  }
  return doctest::Context{count, arguments}.run();
}
