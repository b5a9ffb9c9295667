#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace azekura {

enum class Language : std::uint8_t { english, japanese };

/// The language of all that is said from now on; English until then.
void speak(Language language) noexcept;

/// `english` in the language spoken: what core/ja.po has for exactly this text. A text that is not
/// there stays as it is; scripts/check_messages.py sees to it that those for people are.
/// Lifetime: that of `english`, or the program's.
std::string_view in_language(std::string_view english) noexcept;

/// What text() does, behind its template.
std::string format_in_language(fmt::string_view english, fmt::format_args args);

/// What a person reads: like fmt::format, in the language spoken. Errors, hints and attempts look
/// their format up themselves.
template <typename... Args>
std::string text(fmt::format_string<Args...> english, Args&&... args) {
  return format_in_language(english, fmt::make_format_args(args...));
}

}  // namespace azekura
