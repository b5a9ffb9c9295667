#include "cli/commands.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/card_pdf.h"
#include "vault/medium_card.h"
#include "vault/medium_register.h"
#include "vault/site.h"

#include <nlohmann/json.hpp>

#include <memory>

namespace azekura::cli {

namespace {

constexpr std::size_t kDayCharacters = 10;  // of "2026-11-23 01:00:05"

struct LabelOptions {
  std::string medium;
  std::string svg;
  std::string pdf;
};

vault::MediumCard card_of(const vault::Site& site, const vault::MediumRecord& record) {
  vault::MediumCard card;
  card.name = record.name;
  card.set = record.set;
  card.pool = site.config().set(record.set).pool;
  card.site_name = site.path();
  card.site = site.id();
  card.medium = record.id;
  card.enrolled = local_time_text(record.enrolled).substr(0, kDayCharacters);
  card.capacity = record.bytes;
  card.serial = record.description;
  return card;
}

int print_label(const LabelOptions& options, const Invocation& invocation, Output& output) {
  if (options.svg.empty() && options.pdf.empty()) {
    UsageError error{"there is no file to draw the label into"};
    error.set_hint("add --pdf FILE or --svg FILE");
    throw error;
  }
  const vault::Site site = vault::Site::open(invocation.site_path());
  const vault::MediumRecord record = vault::MediumRegister{site.path()}.named(options.medium);
  const vault::MediumCard card = card_of(site, record);
  if (!options.svg.empty()) {
    replace_file(options.svg, as_bytes(vault::to_svg(card)), 0644);
  }
  if (!options.pdf.empty()) {
    vault::write_pdf(card, options.pdf);
  }
  output.object({{"event", "label"}, {"name", record.name}, {"code", vault::code_text(card)}});
  output.line(text("the label of '{}' is drawn: print it, and put it on the medium", record.name));
  return 0;
}

}  // namespace

void add_label(CLI::App& medium, Invocation& invocation) {
  CLI::App* command =
      add_command(medium, invocation, "label", "Draw the sticker of a medium, with a QR code");
  auto options = std::make_shared<LabelOptions>();
  command->add_option("NAME", options->medium, "Its name")->required();
  command->add_option("--pdf", options->pdf, "Into this file, to print")->type_name("FILE");
  command->add_option("--svg", options->svg, "Into this file, to change it first")
      ->type_name("FILE");
  command->callback([&invocation, options] {
    invocation.command = [&invocation, options] {
      return print_label(*options, invocation, invocation.output);
    };
  });
}

}  // namespace azekura::cli
