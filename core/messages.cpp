#include "core/messages.h"

#include "core/message_table.h"

#include <algorithm>
#include <atomic>
#include <span>

namespace azekura {

namespace {
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): every message asks for it
std::atomic<Language> spoken{Language::english};
}  // namespace

void speak(Language language) noexcept { spoken.store(language, std::memory_order_relaxed); }

std::string_view in_language(std::string_view english) noexcept {
  if (spoken.load(std::memory_order_relaxed) == Language::english) {
    return english;
  }
  const std::span<const Message> messages = japanese_messages();
  const auto found = std::lower_bound(
      messages.begin(), messages.end(), english,
      [](const Message& message, std::string_view wanted) { return message.english < wanted; });
  return found != messages.end() && found->english == english ? found->japanese : english;
}

std::string format_in_language(fmt::string_view english, fmt::format_args args) {
  const std::string_view form = in_language({english.data(), english.size()});
  return fmt::vformat({form.data(), form.size()}, args);
}

}  // namespace azekura
