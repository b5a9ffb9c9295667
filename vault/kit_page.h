#pragma once

#include <string>
#include <vector>

namespace azekura::vault {

/// A page to print and lock away: words, a key's text, and the same as a QR code.
struct KitPage {
  std::string title;
  std::vector<std::string> lines;  ///< what it is, what to do with it; no key
  std::string key_text;            ///< exactly what a restore is given; the QR code holds it
};

/// Plain text; every line but the key's starts with '#', so that the page is a key file itself. The
/// caller wipes it.
std::string to_text(const KitPage& page);
/// An A4 page with a vector QR code. The caller wipes it.
std::string to_svg(const KitPage& page);

}  // namespace azekura::vault
