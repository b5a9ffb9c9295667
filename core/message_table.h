#pragma once

#include <span>
#include <string_view>

namespace azekura {

struct Message {
  std::string_view english;
  std::string_view japanese;
};

/// All of core/ja.po, rising by the bytes of the English text: what scripts/embed_messages.py made
/// of it.
std::span<const Message> japanese_messages() noexcept;

}  // namespace azekura
