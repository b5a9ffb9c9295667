#include "tests/support/gear_form.h"

#include <cstdio>
#include <optional>
#include <string_view>

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

namespace azekura::tests {

namespace {

chunker::GearScan the_scan = nullptr;

std::optional<chunker::GearForm> form_named(std::string_view name) {
  using chunker::GearForm;
  if (name == "portable") {
    return GearForm::portable;
  }
  if (name == "avx2") {
    return GearForm::avx2;
  }
  return name == "avx512" ? std::optional{GearForm::avx512} : std::nullopt;
}

/// Usage: PROGRAM portable|avx2|avx512 [doctest's options]. 77 if the machine cannot run the form.
int run(int count, char** arguments) {
  const std::string_view name = count > 1 ? arguments[1] : "";
  const std::optional<chunker::GearForm> form = form_named(name);
  if (!form) {
    std::fputs("name the form to test: portable, avx2 or avx512\n", stderr);
    return 2;
  }
  the_scan = chunker::find_gear_scan(*form);
  if (the_scan == nullptr) {
    std::printf("skipped: this machine cannot run the %s form of the cutter\n", arguments[1]);
    return 77;
  }
  return doctest::Context{count - 1, arguments + 1}.run();
}

}  // namespace

chunker::GearScan tested_gear_scan() noexcept { return the_scan; }

}  // namespace azekura::tests

int main(int count, char** arguments) { return azekura::tests::run(count, arguments); }
