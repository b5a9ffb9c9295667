#pragma once

#include "cli/output.h"
#include "vault/medium_register.h"

#include <string>
#include <vector>

/// What is said of a medium of the register, in text and as JSON (docs/json.md, "Media").
namespace azekura::cli {

/// Where it is, by the last that was noted, or that it is connected.
std::string whereabouts(const vault::MediumRecord& record);
std::string medium_line(const vault::MediumRecord& record);
/// All that is known, for a person.
std::vector<std::string> medium_page(const vault::MediumRecord& record);

Json medium_object(const vault::MediumRecord& record);
Json move_object(const vault::MediumRecord& record, const vault::CustodyMove& move);
Json refusal_object(const vault::MediumRecord& record, const vault::Refusal& refusal);

}  // namespace azekura::cli
