#include "core/site_config.h"
#include "core/site_reader.h"
#include "core/site_syntax.h"
#include "tests/fuzz/fuzz_target.h"

#include <algorithm>

namespace azekura::tests {

/// Input: a site file. A mistake behind one that is TOML is found where it is, and no other. What
/// it says can be written by the program and read again, but for its schedule, which only people
/// write.
void fuzz_one(ByteView input) {
  const std::string_view site_file = as_text(input);
  if (read_site_file(site_file).is_toml) {
    const std::vector<SiteFinding> mistakes =
        syntax_mistakes(std::string{site_file} + "\n= no setting\n");
    const auto lines = std::count(site_file.begin(), site_file.end(), '\n');
    AZK_CHECK(mistakes.size() == 1 && mistakes.front().line == static_cast<unsigned>(lines) + 2);
  }
  auto config = decoded({ErrorKind::usage}, [&] { return SiteConfig::parse(site_file); });
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
