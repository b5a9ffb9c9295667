#include "vault/card_layout.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace azekura::vault {

namespace {

constexpr double kCardMargin = 4;
constexpr double kCodeSide = 32;
constexpr double kFullWidth = kCardWidth - 2 * kCardMargin;
constexpr double kBesideCode = kFullWidth - kCodeSide - 1;
constexpr double kRight = kCardMargin + kFullWidth / 2;  // of two columns
constexpr double kColumnWidth = kFullWidth / 2 - 1;

constexpr double kTextSize = 2.7;
constexpr double kNameSize = 13;
constexpr double kSmallestSize = 1.8;  // read at arm's length
constexpr double kRowStep = 5;

/// A column of a monospaced font, in parts of its size; wide characters take two.
constexpr double kColumn = 0.61;
constexpr std::string_view kCutMark = "…";

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

/// Of the character that begins with `lead`: those of three bytes and more count as wide, as
/// Japanese is.
std::size_t columns_of(char lead) { return static_cast<unsigned char>(lead) < 0xE0 ? 1 : 2; }

std::size_t columns_in(std::string_view text) {
  std::size_t columns = 0;
  for (const char byte : text) {
    columns += continues_character(byte) ? 0 : columns_of(byte);
  }
  return columns;
}

/// As much of valid UTF-8 as takes `columns_max`, the mark of a cut included.
std::string cut(std::string_view text, std::size_t columns_max) {
  const std::size_t room = columns_max - std::min(columns_max, columns_in(kCutMark));
  std::size_t columns = 0;
  std::size_t end = 0;
  while (end < text.size() && (columns += columns_of(text[end])) <= room) {
    ++end;
    while (end < text.size() && continues_character(text[end])) {
      ++end;
    }
  }
  return std::string{text.substr(0, end)}.append(kCutMark);
}

/// `raw` within `width`, as large as fits but not larger than `size`.
CardLayout::Text fitted(double x, double baseline, double width, double size,
                        std::string_view raw) {
  std::string text = printable(raw);
  const double size_that_fits =
      width / (kColumn * static_cast<double>(std::max<std::size_t>(1, columns_in(text))));
  const double chosen = std::clamp(size_that_fits, kSmallestSize, size);
  if (size_that_fits < kSmallestSize) {
    text = cut(text, static_cast<std::size_t>(width / (kColumn * kSmallestSize)));
  }
  return {x, baseline, chosen, std::move(text)};
}

std::string field(std::string_view names, std::string_view value) {
  return fmt::format("{}: {}", names, value.empty() ? "-" : value);
}

}  // namespace

CardLayout lay_out(const MediumCard& card) {
  CardLayout layout;
  layout.code = code_text(card);
  layout.code_x = kCardWidth - kCardMargin - kCodeSide;
  layout.code_y = 2;
  layout.code_side = kCodeSide;
  const auto add = [&layout](double x, double baseline, double width, double size,
                             std::string_view text, bool bold = false) {
    layout.texts.push_back(fitted(x, baseline, width, size, text));
    layout.texts.back().bold = bold;
  };

  double y = 7;
  add(kCardMargin, y, kBesideCode, 4, "AZEKURA 校倉 バックアップ媒体");
  add(kCardMargin, y += 13, kBesideCode, kNameSize, card.name, true);
  add(kCardMargin, y += 8, kBesideCode, 5, "初期化しないでください", true);
  add(kCardMargin, y += 5, kBesideCode, 4, "DO NOT FORMAT", true);
  add(kCardMargin, y += 5.5, kFullWidth, kTextSize,
      "病院サーバの暗号化バックアップ / encrypted backup of hospital servers");

  const auto add_row = [&](const std::string& left, const std::string& right) {
    y += kRowStep;
    add(kCardMargin, y, right.empty() ? kFullWidth : kColumnWidth, kTextSize, left);
    if (!right.empty()) {
      add(kRight, y, kColumnWidth, kTextSize, right);
    }
  };
  add_row(field("施設 Site", card.site_name), {});
  add_row(field("媒体セット Set", card.set), field("プール Pool", card.pool));
  add_row(field("媒体番号 Medium id", card.medium.short_hex()),
          field("施設番号 Site id", card.site.short_hex()));
  add_row(field("登録日 Enrolled", card.enrolled),
          field("容量 Capacity", card.capacity == 0 ? "" : human_bytes(card.capacity)));
  add_row(field("製造番号 Serial", card.serial), {});

  constexpr double kWordsWidth = 21.5;
  y += kRowStep + 2;
  for (const auto& [x, words] :
       {std::pair{kCardMargin, "封印番号 Seal"}, std::pair{kRight, "連絡先 Call"}}) {
    add(x, y, kWordsWidth, kTextSize, words);
    layout.rules.push_back({x + kWordsWidth + 1, y + 0.5, kColumnWidth - kWordsWidth - 1});
  }
  return layout;
}

}  // namespace azekura::vault
