#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace azekura {

/// Text that cannot drive a terminal: control characters, bidirectional overrides and bytes that
/// are not UTF-8 become \n, \t or \xHH; a backslash becomes \\.
std::string printable(std::string_view raw);

/// The same text with a space for each character or byte that printable() escapes for being
/// harmful; backslashes stay, so that what is harmless stays as it is.
std::string harmless(std::string_view raw);

/// Like "1.4 GiB"; below 1 KiB like "17 bytes".
std::string human_bytes(std::uint64_t bytes);

}  // namespace azekura
