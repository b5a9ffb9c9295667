#include "cli/night_record.h"

#include "vault/generation_record.h"
#include "vault/medium_register.h"

#include <algorithm>
#include <vector>

namespace azekura::cli {

bool is_captured_on(const vault::Site& site, const std::string& set, const Date& night) {
  const vault::GenerationRecord record{site, set};
  const std::vector<vault::SourceGeneration>& generations = record.generations();
  return std::any_of(generations.begin(), generations.end(),
                     [&](const auto& one) { return night_of(one.started) == night; });
}

bool is_written_on(const vault::Site& site, const std::string& set, const Date& night) {
  const std::vector<vault::MediumRecord> records = vault::MediumRegister{site.path()}.all();
  return std::any_of(records.begin(), records.end(), [&](const vault::MediumRecord& record) {
    return record.set == set && std::any_of(record.connections.begin(), record.connections.end(),
                                            [&](const vault::Connection& one) {
                                              return one.last_session != 0 &&
                                                     night_of(one.attached) == night;
                                            });
  });
}

}  // namespace azekura::cli
