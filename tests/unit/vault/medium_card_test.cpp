#include "vault/medium_card.h"

#include "core/bytes.h"
#include "vault/card_layout.h"
#include "vault/qr_code.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace azekura::vault {
namespace {

MediumCard card_of_daily() {
  MediumCard card;
  card.name = "daily-1-1";
  card.set = "daily-1";
  card.pool = "daily";
  card.site_name = "Musashi & <Kosugi> 病院";
  card.site = SiteId::from_bytes(Buffer(SiteId::kBytes, std::byte{0xA1}));
  card.medium = MediumId::from_bytes(Buffer(MediumId::kBytes, std::byte{0xB2}));
  card.enrolled = "2026-11-23";
  card.capacity = 2000 * kGiB;
  card.serial = "WD-WX31A12345";
  return card;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Millimetres from its left end, as a monospaced font draws it: wide characters are squares, the
/// others at most 0.602 of one.
double drawn_width(const CardLayout::Text& text) {
  double width = 0;
  for (const char byte : text.text) {
    const unsigned value = static_cast<unsigned char>(byte);
    if ((value & 0xC0U) != 0x80U) {
      width += value < 0xE0 ? 0.602 : 1;
    }
  }
  return width * text.size;
}

/// Of a line of text, its accents and descenders included.
struct Box {
  double left;
  double top;
  double right;
  double bottom;
};

Box box_of(const CardLayout::Text& text) {
  return {text.x, text.baseline - 0.9 * text.size, text.x + drawn_width(text),
          text.baseline + 0.25 * text.size};
}

bool overlap(const Box& one, const Box& other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom &&
         other.top < one.bottom;
}

void check_nothing_collides(const CardLayout& layout) {
  const Box code{layout.code_x, layout.code_y, layout.code_x + layout.code_side,
                 layout.code_y + layout.code_side};
  for (std::size_t i = 0; i < layout.texts.size(); ++i) {
    const CardLayout::Text& text = layout.texts[i];
    CAPTURE(text.text);
    const Box box = box_of(text);
    CHECK(box.left >= 0);
    CHECK(box.top >= 0);
    CHECK(box.right <= kCardWidth);
    CHECK(box.bottom <= kCardHeight);
    CHECK(text.size >= 1.8);
    CHECK_FALSE(overlap(box, code));
    for (std::size_t k = 0; k < i; ++k) {
      CAPTURE(layout.texts[k].text);
      CHECK_FALSE(overlap(box, box_of(layout.texts[k])));
    }
    for (const CardLayout::Rule& rule : layout.rules) {
      CHECK_FALSE(overlap(box, {rule.x, rule.y - 0.1, rule.x + rule.length, rule.y + 0.1}));
    }
  }
}

TEST_CASE("MediumCard: the picture has every field, escaped, and the code to scan") {
  const MediumCard card = card_of_daily();
  const std::string svg = to_svg(card);
  for (const std::string_view text :
       {">daily-1-1</text>", "Set: daily-1</text>", "Pool: daily</text>",
        "Musashi &amp; &lt;Kosugi&gt; 病院", "Medium id: b2b2b2b2b2b2</text>",
        "Site id: a1a1a1a1a1a1</text>", "2026-11-23", "2.0 TiB", "WD-WX31A12345", "DO NOT FORMAT",
        "初期化しないでください", "封印番号 Seal", "連絡先 Call"}) {
    CAPTURE(text);
    CHECK(has(svg, text));
  }
  CHECK(code_text(card) ==
        "AZEKURA MEDIUM 1 daily-1-1 b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2 "
        "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1");
  CHECK(has(svg, QrCode{code_text(card)}.svg_path()));
}

TEST_CASE("MediumCard: what is not known is a dash") {
  MediumCard card = card_of_daily();
  card.pool.clear();
  card.serial.clear();
  card.capacity = 0;
  const std::string svg = to_svg(card);
  for (const std::string_view text : {"Pool: -<", "Capacity: -<", "Serial: -<"}) {
    CAPTURE(text);
    CHECK(has(svg, text));
  }
}

TEST_CASE("MediumCard: a device's serial number drives nothing and stays on the card") {
  MediumCard card = card_of_daily();
  check_nothing_collides(lay_out(card));
  card.serial = "\x1b[2J</text>\n\xff";
  CHECK(has(to_svg(card), "\\x1b[2J&lt;/text&gt;\\n\\xff"));
  for (const std::string_view part : {"0123456789", "病院サーバ", "\x01"}) {
    std::string text;
    while (text.size() < 2000) {
      text += part;
    }
    card.name = card.set = card.pool = card.site_name = card.enrolled = card.serial = text;
    card.name.resize(64);
    const CardLayout layout = lay_out(card);
    check_nothing_collides(layout);
    CHECK(std::count_if(layout.texts.begin(), layout.texts.end(),
                        [](const CardLayout::Text& one) { return has(one.text, "…"); }) >= 5);
  }
}

}  // namespace
}  // namespace azekura::vault
