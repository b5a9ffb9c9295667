#pragma once

#include "vault/medium_card.h"

#include <string>
#include <vector>

namespace azekura::vault {

// A7 across, in millimetres, as is everything below.
inline constexpr double kCardWidth = 105;
inline constexpr double kCardHeight = 74;

/// Where everything of a card lies, whatever draws it.
struct CardLayout {
  struct Text {
    double x = 0;
    double baseline = 0;
    double size = 0;
    std::string text;  ///< no control characters
    bool bold = false;
  };
  /// A line to write on by hand.
  struct Rule {
    double x = 0;
    double y = 0;
    double length = 0;
  };
  std::vector<Text> texts;
  std::vector<Rule> rules;
  std::string code;  ///< the QR code's text
  double code_x = 0;
  double code_y = 0;
  double code_side = 0;  ///< with its quiet zone
};

/// Nothing overlaps or leaves the card in a monospaced font: a text that is too long becomes
/// smaller, and what still does not fit ends in "…".
CardLayout lay_out(const MediumCard& card);

}  // namespace azekura::vault
