#include "core/error.h"
#include "core/site_config.h"

#include <doctest/doctest.h>

#include <string>

namespace azekura {

namespace {

/// A site file with one set; `parity` is what follows "parity =", or empty for none.
std::string site_file(const std::string& parity) {
  return "[[set]]\nname = \"daily\"\nfolder = \"/m\"\n" +
         (parity.empty() ? "" : "parity = " + parity + "\n");
}

ParityShape shape_of(const std::string& parity) {
  return SiteConfig::parse(site_file(parity)).set("daily").parity;
}

}  // namespace

TEST_CASE("SiteConfig: the parity of a set is read; 20+2 if nothing is said") {
  CHECK(shape_of("") == ParityShape{20, 2});
  CHECK(shape_of("\"20+2\"") == ParityShape{20, 2});
  CHECK(shape_of("\"10+3\"") == ParityShape{10, 3});
  CHECK(shape_of("\"50+1\"") == ParityShape{50, 1});
  CHECK(shape_of("\"1+1\"") == ParityShape{1, 1});
  CHECK(shape_of("\"128+4\"") == ParityShape{128, 4});
  CHECK(shape_of("\"none\"").files == 0);
}

TEST_CASE("SiteConfig: a set without parity of its own has its pool's") {
  const SiteConfig config = SiteConfig::parse(
      "[[source]]\nname = \"s\"\npath = \"/s\"\n"
      "[[set]]\nname = \"a\"\npool = \"daily\"\n"
      "[[set]]\nname = \"b\"\npool = \"daily\"\nparity = \"20+2\"\n"
      "[[set]]\nname = \"c\"\npool = \"weekly\"\n"
      "[[pool]]\nname = \"daily\"\nevery = \"day\"\nparity = \"10+3\"\n"
      "[[pool]]\nname = \"weekly\"\nevery = \"week\"\non = \"fri\"\n");
  CHECK(config.set("a").parity == ParityShape{10, 3});
  CHECK(config.set("b").parity == ParityShape{20, 2});
  CHECK(config.set("c").parity == ParityShape{20, 2});
}

TEST_CASE("SiteConfig: parity that is none is refused, and what may stand there is said") {
  for (const char* text : {"\"20\"",
                           "\"20+\"",
                           "\"+2\"",
                           "\"+\"",
                           "\"20+0\"",
                           "\"0+2\"",
                           "\"129+2\"",
                           "\"20+5\"",
                           "\"20+2+1\"",
                           "\"20+2 \"",
                           "\" 20+2\"",
                           "\"20 + 2\"",
                           "\"20-2\"",
                           "\"-20+2\"",
                           "\"20+-2\"",
                           "\"20.0+2\"",
                           "\"0x14+2\"",
                           "\"None\"",
                           "\"no\"",
                           "\"4294967316+2\"",
                           "\"20+99999999999\"",
                           "\"99999999999+2\""}) {
    CAPTURE(text);
    try {
      static_cast<void>(SiteConfig::parse(site_file(text)));
      FAIL("it was accepted");
    } catch (const UsageError& error) {
      const std::string fact = error.what();
      CAPTURE(fact);
      CHECK(fact.find("line 4:") != std::string::npos);
      CHECK(fact.find("'parity' must be like \"20+2\" (at most 128+4), or \"none\"") !=
            std::string::npos);
      CHECK_FALSE(error.hint().empty());
    }
  }
  for (const char* value : {"\"\"", "20", "true", "[20, 2]", "{members = 20}"}) {
    CAPTURE(value);
    CHECK_THROWS_WITH_AS(static_cast<void>(SiteConfig::parse(site_file(value))),
                         doctest::Contains("parity"), UsageError);
  }
}

TEST_CASE("SiteConfig: a set is written with its parity unless that is the usual one") {
  for (const ParityShape shape : {ParityShape{20, 2}, ParityShape{10, 3}, ParityShape{0, 0}}) {
    const SetConfig set{"daily", "/m", shape};
    CHECK(SiteConfig::parse(set_table(set)).set("daily") == set);
  }
  CHECK(set_table({"daily", "/m", {}}).find("parity") == std::string::npos);
}

}  // namespace azekura
