#include "core/site_config.h"
#include "tests/fuzz/fuzz_target.h"

namespace azekura::tests {

/// Input: a site file. What it says can be written by the program and read again, but for its
/// schedule, which only people write.
void fuzz_one(ByteView input) {
  auto config = decoded({ErrorKind::usage}, [&] { return SiteConfig::parse(as_text(input)); });
  if (!config) {
    return;
  }
  std::string text;
  for (SourceConfig& source : config->sources) {
    source.pools.clear();
    text += source_table(source);
  }
  for (SetConfig& set : config->sets) {
    set.pool.clear();
    text += set_table(set);
  }
  const SiteConfig again = SiteConfig::parse(text);
  AZK_CHECK(again.sources == config->sources && again.sets == config->sets);
}

}  // namespace azekura::tests
