#include "core/file_io.h"
#include "tests/fuzz/fuzz_target.h"

#include <cstdio>
#include <exception>
#include <string>

/// Usage: PROGRAM FOLDER. Gives every file of a corpus to the target, where there is no libFuzzer.
int main(int argc, char** argv) {
  using namespace azekura;
  if (argc != 2) {
    return 2;
  }
  const std::string folder = argv[1];
  std::string name;
  int count = 0;
  try {
    for (const std::string& next : list_directory(folder)) {
      name = next;
      tests::fuzz_one(read_file(folder + "/" + name, kMiB));
      ++count;
    }
  } catch (const std::exception& error) {
    std::printf("%s: %s\n", name.c_str(), error.what());
    return 1;
  }
  std::printf("%d inputs\n", count);
  return count == 0 ? 1 : 0;
}
