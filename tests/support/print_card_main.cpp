// Usage: print-card NAME SITE SERIAL FOLDER
// Writes the sticker of a medium to FOLDER/card.svg and FOLDER/card.pdf, and the text of its code
// to standard output.

#include "core/bytes.h"
#include "core/error.h"
#include "core/file_io.h"
#include "vault/card_pdf.h"
#include "vault/medium_card.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>

int main(int argc, char** argv) {
  namespace vault = azekura::vault;
  const std::span<char*> words{argv, static_cast<std::size_t>(argc)};
  vault::MediumCard card;
  card.name = words[1];
  card.set = "daily-1";
  card.pool = "daily";
  card.site_name = words[2];
  card.site = azekura::SiteId::from_bytes(azekura::from_hex("00112233445566778899aabbccddeeff"));
  card.medium =
      azekura::MediumId::from_bytes(azekura::from_hex("ffeeddccbbaa99887766554433221100"));
  card.enrolled = "2026-11-23";
  card.capacity = 2'000'000'000'000;
  card.serial = words[3];
  const std::string folder = words[4];
  try {
    azekura::replace_file(folder + "/card.svg", azekura::as_bytes(vault::to_svg(card)));
    vault::write_pdf(card, folder + "/card.pdf");
  } catch (const azekura::Error& error) {
    fmt::print(stderr, "{}: {}\n", error.one_line(), error.hint());
    return static_cast<int>(error.kind());
  }
  fmt::print("{}\n", vault::code_text(card));
  return 0;
}
