#include "core/site_config.h"
#include "tests/fuzz/fuzz_target.h"

namespace azekura::tests {

/// Input: a site file. What it says can be written by the program and read again.
void fuzz_one(ByteView input) {
  const auto config =
      decoded({ErrorKind::usage}, [&] { return SiteConfig::parse(as_text(input)); });
  if (!config) {
    return;
  }
  std::string text;
  for (const SourceConfig& source : config->sources) {
    text += source_table(source);
  }
  for (const SetConfig& set : config->sets) {
    text += set_table(set);
  }
  const SiteConfig again = SiteConfig::parse(text);
  AZK_CHECK(again.sources == config->sources && again.sets == config->sets);
}

}  // namespace azekura::tests
