#pragma once

#include "vault/qr_code.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace azekura::vault {

/// An SVG page of monospaced text and QR codes on white; every length is in millimetres.
class SvgPage {
 public:
  /// `room`: bytes taken at once, so that a page that fits leaves no shorter copy of a key behind.
  SvgPage(double width, double height, std::size_t room);

  /// One line of text; any text without control characters.
  void add_text(double x, double baseline, double size, std::string_view text, bool bold = false);
  /// A line to write on by hand.
  void add_rule(double x, double y, double length);
  /// The code with its quiet zone in a square of `side`.
  void add_code(double x, double y, double side, const QrCode& code);

  /// The whole page; the caller wipes it if it holds a key. Nothing is added afterwards.
  [[nodiscard]] std::string finish() &&;

 private:
  std::string svg_;
};

}  // namespace azekura::vault
