#include "cli/custody_words.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace azekura::cli {

namespace {

constexpr std::string_view kNobody = "-";
constexpr std::array<std::string_view, 3> kBlanks{" ", "\t", "\u3000"};

/// The blank the text begins (or ends) with; empty if there is none.
template <typename Test>
std::size_t blank_bytes(Test is_there) {
  const auto* const found = std::find_if(kBlanks.begin(), kBlanks.end(), is_there);
  return found == kBlanks.end() ? 0 : found->size();
}

}  // namespace

std::optional<std::string> custody_words(std::string_view typed) {
  const auto begins = [&](std::string_view blank) { return typed.starts_with(blank); };
  const auto ends = [&](std::string_view blank) { return typed.ends_with(blank); };
  while (const std::size_t bytes = blank_bytes(begins)) {
    typed.remove_prefix(bytes);
  }
  while (const std::size_t bytes = blank_bytes(ends)) {
    typed.remove_suffix(bytes);
  }
  std::string words{typed == kNobody ? "" : typed};
  return harmless(words) == words ? std::optional{std::move(words)} : std::nullopt;
}

}  // namespace azekura::cli
