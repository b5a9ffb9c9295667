#include "vault/medium_card.h"

#include "core/bytes.h"
#include "vault/card_layout.h"
#include "vault/qr_code.h"
#include "vault/svg_page.h"

#include <fmt/format.h>

#include <utility>

namespace azekura::vault {

std::string code_text(const MediumCard& card) {
  return fmt::format("AZEKURA MEDIUM 1 {} {} {}", card.name, card.medium.hex(), card.site.hex());
}

std::string to_svg(const MediumCard& card) {
  constexpr std::size_t kCardRoom = 32 * kKiB;
  const CardLayout layout = lay_out(card);
  SvgPage svg{kCardWidth, kCardHeight, kCardRoom};
  for (const CardLayout::Text& text : layout.texts) {
    svg.add_text(text.x, text.baseline, text.size, text.text, text.bold);
  }
  for (const CardLayout::Rule& rule : layout.rules) {
    svg.add_rule(rule.x, rule.y, rule.length);
  }
  svg.add_code(layout.code_x, layout.code_y, layout.code_side, QrCode{layout.code});
  return std::move(svg).finish();
}

}  // namespace azekura::vault
