#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace azekura::vault {

/// A QR code (ISO/IEC 18004, 8-bit mode, error correction M), from libqrencode.
class QrCode {
 public:
  /// Requires: the text fits one code (2,331 bytes).
  explicit QrCode(std::string_view text);

  /// Modules a side, without the quiet zone.
  [[nodiscard]] std::size_t width() const noexcept { return width_; }
  /// False outside the code.
  [[nodiscard]] bool is_dark(std::size_t column, std::size_t row) const noexcept;

  /// Lines of Unicode half blocks, two rows of modules a line, with the quiet zone; dark modules
  /// are ink, for printing on white paper.
  [[nodiscard]] std::vector<std::string> half_block_lines() const;
  /// The `d` attribute of an SVG path of the dark modules; a module is 1 x 1, the code starts at
  /// 0,0.
  [[nodiscard]] std::string svg_path() const;

 private:
  std::size_t width_;
  std::vector<bool> dark_;
};

/// Modules that must stay light on each side.
inline constexpr std::size_t kQrQuietModules = 4;

}  // namespace azekura::vault
