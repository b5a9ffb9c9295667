#pragma once

#include "cli/output.h"
#include "vault/medium_register.h"

#include <string>
#include <string_view>

namespace azekura::cli {

/// What a code (vault/refusal.h) means to who comes later, and what to do then; in English, to be
/// looked up with in_language(). Of any other code: to look at what the run said.
struct RefusalWords {
  std::string_view meaning;
  std::string_view remedy;
};
RefusalWords words_of_refusal(std::string_view code);

/// Why a medium was not written: code, meaning, and who says so.
std::string refusal_text(const vault::Refusal& refusal);

/// Notes it for the set's medium: it stands as an alarm. That it cannot be noted is only said.
void note_refusal(vault::MediumRegister& media, const std::string& set,
                  const vault::Refusal& refusal, Output& output);

}  // namespace azekura::cli
