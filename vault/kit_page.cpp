#include "vault/kit_page.h"

#include "core/bytes.h"
#include "vault/qr_code.h"
#include "vault/svg_page.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace azekura::vault {

namespace {

// Room for the largest page, taken at once, so that no shorter copy of the key stays behind.
constexpr std::size_t kPageRoom = 256 * kKiB;

// A4 in millimetres.
constexpr double kPageWidth = 210;
constexpr double kPageHeight = 297;
constexpr double kMargin = 15;
constexpr double kTitleBaseline = 20;
constexpr double kTitleSize = 6;
constexpr double kLineStep = 4.6;
constexpr double kLineSize = 3.3;
constexpr double kQrSide = 80;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::string to_text(const KitPage& page) {
  std::string text;
  text.reserve(kPageRoom);
  text.append("# ").append(page.title).append("\n#\n");
  for (const std::string& line : page.lines) {
    text.append(line.empty() ? "#" : "# ").append(line).append("\n");
  }
  text.append("#\n");
  for (const std::string& line : QrCode{page.key_text}.half_block_lines()) {
    text.append("# ").append(line).append("\n");
  }
  text.append("#\n").append(page.key_text);
  return text;
}

std::string to_svg(const KitPage& page) {
  SvgPage svg{kPageWidth, kPageHeight, kPageRoom};
  svg.add_text(kMargin, kTitleBaseline, kTitleSize, page.title);
  double y = kTitleBaseline + kLineStep;
  for (const std::string& line : page.lines) {
    svg.add_text(kMargin, y += kLineStep, kLineSize, line);
  }
  y += kLineStep;
  for (const std::string_view line : lines_of(page.key_text)) {
    svg.add_text(kMargin, y += kLineStep, kLineSize, line);
  }
  svg.add_code(kMargin, y + kLineStep, kQrSide, QrCode{page.key_text});
  return std::move(svg).finish();
}

}  // namespace azekura::vault
