#include "vault/svg_page.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace azekura::vault {

namespace {

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

}  // namespace

SvgPage::SvgPage(double width, double height, std::size_t room) {
  svg_.reserve(room);
  fmt::format_to(std::back_inserter(svg_),
                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}mm\" height=\"{1}mm\" "
                 "viewBox=\"0 0 {0} {1}\" font-family=\"monospace\">\n"
                 "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
                 width, height);
}

void SvgPage::add_text(double x, double baseline, double size, std::string_view text, bool bold) {
  fmt::format_to(std::back_inserter(svg_),
                 "<text x=\"{}\" y=\"{:.1f}\" font-size=\"{:.3g}\"{} xml:space=\"preserve\">", x,
                 baseline, size, bold ? " font-weight=\"bold\"" : "");
  append_escaped(svg_, text);
  svg_.append("</text>\n");
}

void SvgPage::add_rule(double x, double y, double length) {
  fmt::format_to(std::back_inserter(svg_),
                 "<path d=\"M{} {:.1f}h{}\" stroke=\"black\" stroke-width=\"0.2\"/>\n", x, y,
                 length);
}

void SvgPage::add_code(double x, double y, double side, const QrCode& code) {
  const double module = side / static_cast<double>(code.width() + 2 * kQrQuietModules);
  const double quiet = module * static_cast<double>(kQrQuietModules);
  fmt::format_to(std::back_inserter(svg_),
                 "<path transform=\"translate({:.3f} {:.3f}) scale({:.4f})\" "
                 "shape-rendering=\"crispEdges\" d=\"{}\"/>\n",
                 x + quiet, y + quiet, module, code.svg_path());
}

std::string SvgPage::finish() && {
  svg_.append("</svg>\n");
  return std::move(svg_);
}

}  // namespace azekura::vault
