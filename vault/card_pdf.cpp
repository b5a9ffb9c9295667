#include "vault/card_pdf.h"

#include "core/bytes.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/card_layout.h"
#include "vault/qr_code.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>

#include <memory>
#include <new>

namespace azekura::vault {

namespace {

constexpr double kPointsPerMm = 72 / 25.4;
constexpr double kRuleWidth = 0.2;
constexpr unsigned kCardFileMode = 0644;

struct FreePdf {
  void operator()(cairo_surface_t* surface) const noexcept { ::cairo_surface_destroy(surface); }
  void operator()(cairo_t* drawing) const noexcept { ::cairo_destroy(drawing); }
  void operator()(cairo_font_options_t* options) const noexcept {
    ::cairo_font_options_destroy(options);
  }
  void operator()(PangoFontDescription* font) const noexcept {
    ::pango_font_description_free(font);
  }
  void operator()(PangoLayout* layout) const noexcept { ::g_object_unref(layout); }
};

template <typename Object>
using Pdf = std::unique_ptr<Object, FreePdf>;

cairo_status_t keep(void* pdf, const unsigned char* bytes, unsigned length) {
  try {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are written as they are
    static_cast<std::string*>(pdf)->append(reinterpret_cast<const char*>(bytes), length);
    return CAIRO_STATUS_SUCCESS;
  } catch (const std::bad_alloc&) {
    return CAIRO_STATUS_NO_MEMORY;
  }
}

/// Fonts for Japanese, not for Chinese, draw what both write; nothing is moved to whole points.
Pdf<PangoLayout> new_line(cairo_t* drawing) {
  Pdf<PangoLayout> line{::pango_cairo_create_layout(drawing)};
  PangoContext* const context = ::pango_layout_get_context(line.get());
  const Pdf<cairo_font_options_t> options{::cairo_font_options_create()};
  ::cairo_font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_OFF);
  ::cairo_font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_NONE);
  ::pango_cairo_context_set_font_options(context, options.get());
  ::pango_context_set_language(context, ::pango_language_from_string("ja"));
  ::pango_context_set_round_glyph_positions(context, FALSE);
  return line;
}

void draw_text(cairo_t* drawing, const CardLayout::Text& text) {
  const Pdf<PangoLayout> line = new_line(drawing);
  const Pdf<PangoFontDescription> font{::pango_font_description_from_string("monospace")};
  ::pango_font_description_set_absolute_size(font.get(), text.size * kPointsPerMm * PANGO_SCALE);
  if (text.bold) {
    ::pango_font_description_set_weight(font.get(), PANGO_WEIGHT_BOLD);
  }
  ::pango_layout_set_font_description(line.get(), font.get());
  ::pango_layout_set_single_paragraph_mode(line.get(), TRUE);
  ::pango_layout_set_text(line.get(), text.text.data(), static_cast<int>(text.text.size()));
  if (::pango_layout_get_unknown_glyphs_count(line.get()) > 0) {
    UsageError error{"no font of this machine has all characters of \"{}\"", text.text};
    error.set_hint("install a Japanese font: apt-get install fonts-ipaexfont-gothic");
    throw error;
  }
  ::cairo_move_to(drawing, text.x * kPointsPerMm, text.baseline * kPointsPerMm);
  ::pango_cairo_show_layout_line(drawing, ::pango_layout_get_line_readonly(line.get(), 0));
}

void draw_code(cairo_t* drawing, const CardLayout& layout) {
  const QrCode code{layout.code};
  const auto width = static_cast<double>(code.width());
  const double module =
      layout.code_side / (width + 2 * static_cast<double>(kQrQuietModules)) * kPointsPerMm;
  const double quiet = module * static_cast<double>(kQrQuietModules);
  for (std::size_t row = 0; row < code.width(); ++row) {
    for (std::size_t column = 0; column < code.width(); ++column) {
      if (code.is_dark(column, row)) {
        ::cairo_rectangle(
            drawing, layout.code_x * kPointsPerMm + quiet + module * static_cast<double>(column),
            layout.code_y * kPointsPerMm + quiet + module * static_cast<double>(row), module,
            module);
      }
    }
  }
  ::cairo_fill(drawing);  // of all modules at once: no seams between them
}

void draw(cairo_t* drawing, const CardLayout& layout) {
  for (const CardLayout::Text& text : layout.texts) {
    draw_text(drawing, text);
  }
  ::cairo_set_line_width(drawing, kRuleWidth * kPointsPerMm);
  for (const CardLayout::Rule& rule : layout.rules) {
    ::cairo_move_to(drawing, rule.x * kPointsPerMm, rule.y * kPointsPerMm);
    ::cairo_rel_line_to(drawing, rule.length * kPointsPerMm, 0);
    ::cairo_stroke(drawing);
  }
  draw_code(drawing, layout);
}

}  // namespace

void write_pdf(const MediumCard& card, const std::string& path) {
  std::string pdf;
  const Pdf<cairo_surface_t> surface{::cairo_pdf_surface_create_for_stream(
      keep, &pdf, kCardWidth * kPointsPerMm, kCardHeight * kPointsPerMm)};
  ::cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_TITLE,
                                   printable(card.name).c_str());
  const Pdf<cairo_t> drawing{::cairo_create(surface.get())};
  while_doing([&] { draw(drawing.get(), lay_out(card)); }, "draw the label of \"{}\"",
              printable(card.name));
  ::cairo_surface_finish(surface.get());
  AZK_CHECK(::cairo_surface_status(surface.get()) == CAIRO_STATUS_SUCCESS);
  replace_file(path, as_bytes(pdf), kCardFileMode);
}

}  // namespace azekura::vault
