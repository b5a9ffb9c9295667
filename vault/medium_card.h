#pragma once

#include "core/ids.h"

#include <cstdint>
#include <string>

namespace azekura::vault {

/// What stands on the sticker of a medium. Texts may be anything: a serial number is the device's.
struct MediumCard {
  std::string name;  ///< "daily-1-1": what staff read, say and type
  std::string set;
  std::string pool;  ///< empty: the set is in none
  std::string site_name;
  SiteId site;
  MediumId medium;
  std::string enrolled;        ///< a day, "2026-11-23"
  std::uint64_t capacity = 0;  ///< bytes; 0 if unknown
  std::string serial;          ///< of the device; empty if it tells none
};

/// What the QR code says, so that a scanner types it: "AZEKURA MEDIUM 1 NAME MEDIUM-ID SITE-ID".
std::string code_text(const MediumCard& card);

/// A sticker of 105 x 74 mm (A7; sheets of eight on A4 are sold) in Japanese and English.
std::string to_svg(const MediumCard& card);

}  // namespace azekura::vault
