#include "vault/kit_page.h"

#include "core/bytes.h"
#include "vault/qr_code.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace azekura::vault {

namespace {

// Room for the largest page, taken at once, so that no shorter copy of the key stays behind.
constexpr std::size_t kPageRoom = 256 * kKiB;

// A4 in millimetres.
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

void append_escaped(std::string& svg, std::string_view text) {
  for (const char character : text) {
    switch (character) {
      case '&':
        svg.append("&amp;");
        break;
      case '<':
        svg.append("&lt;");
        break;
      case '>':
        svg.append("&gt;");
        break;
      default:
        svg.push_back(character);
    }
  }
}

/// One line of text with its baseline at `y`.
void append_line(std::string& svg, std::string_view text, double y, double size) {
  fmt::format_to(std::back_inserter(svg),
                 "<text x=\"{}\" y=\"{:.1f}\" font-size=\"{}\" xml:space=\"preserve\">", kMargin, y,
                 size);
  append_escaped(svg, text);
  svg.append("</text>\n");
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
  std::string svg;
  svg.reserve(kPageRoom);
  svg.append(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" "
      "viewBox=\"0 0 210 297\" font-family=\"monospace\">\n"
      "<rect width=\"210\" height=\"297\" fill=\"white\"/>\n");
  append_line(svg, page.title, kTitleBaseline, kTitleSize);
  double y = kTitleBaseline + kLineStep;
  for (const std::string& line : page.lines) {
    append_line(svg, line, y += kLineStep, kLineSize);
  }
  y += kLineStep;
  for (const std::string_view line : lines_of(page.key_text)) {
    append_line(svg, line, y += kLineStep, kLineSize);
  }
  const QrCode code{page.key_text};
  const double module = kQrSide / static_cast<double>(code.width() + 2 * kQrQuietModules);
  const double quiet = module * static_cast<double>(kQrQuietModules);
  fmt::format_to(std::back_inserter(svg),
                 "<path transform=\"translate({:.3f} {:.3f}) scale({:.4f})\" "
                 "shape-rendering=\"crispEdges\" d=\"{}\"/>\n</svg>\n",
                 kMargin + quiet, y + kLineStep + quiet, module, code.svg_path());
  return svg;
}

}  // namespace azekura::vault
