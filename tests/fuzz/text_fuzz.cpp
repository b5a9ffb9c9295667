#include "core/text.h"
#include "tests/fuzz/fuzz_target.h"

namespace azekura::tests {

/// Input: a raw name, as it comes from a medium or a source. Shown, it has no control byte, and
/// different names are shown differently: showing it again changes only its backslashes.
void fuzz_one(ByteView input) {
  const std::string shown = printable(as_text(input));
  std::string doubled;
  for (const char c : shown) {
    AZK_CHECK(static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
    doubled.append(c == '\\' ? 2 : 1, c);
  }
  AZK_CHECK(printable(shown) == doubled);
}

}  // namespace azekura::tests
