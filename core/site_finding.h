#pragma once

#include <string>

namespace azekura {

/// Something about the site file that its owner should know.
struct SiteFinding {
  bool is_mistake = true;  ///< else it works, and is worth a second thought
  unsigned line = 0;       ///< 0: it is not about one line
  std::string fact;
  std::string remedy;
  bool is_unfinished = false;  ///< a mistake that goes once more tables are added
  unsigned column = 0;         ///< the character of the line; 0: it is about all of it
};

/// The fact with its place in the site file, like "site.toml, line 3, column 7: ...".
std::string with_place(const SiteFinding& finding);

}  // namespace azekura
