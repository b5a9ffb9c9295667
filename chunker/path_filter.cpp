#include "chunker/path_filter.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

namespace azekura::chunker {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

struct ByteClass {
  std::string_view name;
  int (*contains)(int);
};
/// In the C locale, which the programs never leave: ASCII only.
constexpr std::array<ByteClass, 12> kByteClasses{{{"alnum", std::isalnum},
                                                  {"alpha", std::isalpha},
                                                  {"blank", std::isblank},
                                                  {"cntrl", std::iscntrl},
                                                  {"digit", std::isdigit},
                                                  {"graph", std::isgraph},
                                                  {"lower", std::islower},
                                                  {"print", std::isprint},
                                                  {"punct", std::ispunct},
                                                  {"space", std::isspace},
                                                  {"upper", std::isupper},
                                                  {"xdigit", std::isxdigit}}};

unsigned char at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

/// One bracket expression, read from behind its '['.
class Bracket {
 public:
  Bracket(std::string_view glob, std::size_t start) : glob_{glob}, next_{start} {}

  /// Whether it stands for `byte`; nullopt if it is malformed. Afterwards end() is behind its ']'.
  std::optional<bool> contains(unsigned char byte) {
    const bool is_negated = is_at('!') || is_at('^');
    if (is_negated) {
      ++next_;
    }
    bool is_found = false;
    bool is_first = true;
    while (is_first || !is_at(']')) {
      const std::optional<bool> part = next_part(byte);
      if (!part) {
        return std::nullopt;
      }
      is_found = is_found || *part;
      is_first = false;
    }
    ++next_;
    return is_found != is_negated;
  }

  [[nodiscard]] std::size_t end() const noexcept { return next_; }

 private:
  [[nodiscard]] bool is_at(char c, std::size_t ahead = 0) const {
    return next_ + ahead < glob_.size() && glob_[next_ + ahead] == c;
  }

  /// A named class, a range or a byte.
  std::optional<bool> next_part(unsigned char byte) {
    if (is_at('[') && is_at(':', 1)) {
      const std::size_t close = glob_.find(']', next_ + 2);
      if (close == kNone) {
        return std::nullopt;
      }
      if (close > next_ + 2 && glob_[close - 1] == ':') {
        const std::string_view name = glob_.substr(next_ + 2, close - next_ - 3);
        next_ = close + 1;
        return named_class(name, byte);
      }
    }
    const std::optional<unsigned char> low = next_byte();
    if (!low) {
      return std::nullopt;
    }
    if (!is_at('-') || is_at(']', 1) || next_ + 1 >= glob_.size()) {
      return byte == *low;
    }
    ++next_;
    const std::optional<unsigned char> high = next_byte();
    return high ? std::optional{*low <= byte && byte <= *high} : std::nullopt;
  }

  std::optional<unsigned char> next_byte() {
    if (is_at('\\')) {
      ++next_;
    }
    return next_ < glob_.size() ? std::optional{at(glob_, next_++)} : std::nullopt;
  }

  static std::optional<bool> named_class(std::string_view name, unsigned char byte) {
    const auto found = std::find_if(kByteClasses.begin(), kByteClasses.end(),
                                    [&](const ByteClass& one) { return one.name == name; });
    return found == kByteClasses.end() ? std::nullopt : std::optional{found->contains(byte) != 0};
  }

  std::string_view glob_;
  std::size_t next_;
};

/// Where the glob goes on if its next part, not a '*', stands for `byte`; kNone if it does not.
std::size_t match_one(std::string_view glob, std::size_t part, unsigned char byte) {
  switch (glob[part]) {
    case '?':
      return byte == '/' ? kNone : part + 1;
    case '[': {
      Bracket bracket{glob, part + 1};
      const bool is_match = bracket.contains(byte).value_or(false) && byte != '/';
      return is_match ? bracket.end() : kNone;
    }
    case '\\':
      return part + 1 < glob.size() && at(glob, part + 1) == byte ? part + 2 : kNone;
    default:
      return at(glob, part) == byte ? part + 1 : kNone;
  }
}

/// One comparison of a path with a glob. Only the last star, and the last that crosses slashes,
/// need ever be tried longer.
class Comparison {
 public:
  Comparison(std::string_view glob, std::string_view path) : glob_{glob}, path_{path} {}

  bool matches() {
    while (part_ < glob_.size() || done_ < path_.size()) {
      if (part_ < glob_.size() && glob_[part_] == '*') {
        if (take_stars()) {
          return done_ < path_.size();
        }
      } else if (!take_one() && !go_back()) {
        return false;
      }
    }
    return true;
  }

 private:
  /// Where the glob goes on behind a star, and what of the path the star has not taken.
  struct Retry {
    std::size_t part = kNone;
    std::size_t path = 0;
  };

  /// True if they stand for all names that are left.
  bool take_stars() {
    const std::size_t end = std::min(glob_.find_first_not_of('*', part_), glob_.size());
    const bool is_last = end == glob_.size();
    const bool are_names = end - part_ > 1 && (part_ == 0 || glob_[part_ - 1] == '/') &&
                           (is_last || glob_[end] == '/');
    if (are_names && is_last) {
      return true;
    }
    part_ = are_names ? end + 1 : end;
    star_ = are_names ? Retry{} : Retry{part_, done_};
    deep_ = are_names ? Retry{part_, done_} : deep_;
    return false;
  }

  bool take_one() {
    if (part_ == glob_.size() || done_ == path_.size()) {
      return false;
    }
    const std::size_t next = match_one(glob_, part_, at(path_, done_));
    if (next == kNone) {
      return false;
    }
    part_ = next;
    ++done_;
    return true;
  }

  bool go_back() {
    if (star_.part != kNone && star_.path < path_.size() && path_[star_.path] != '/') {
      done_ = ++star_.path;
      part_ = star_.part;
      return true;
    }
    const std::size_t slash = deep_.part != kNone ? path_.find('/', deep_.path) : kNone;
    if (slash == kNone) {
      return false;
    }
    done_ = deep_.path = slash + 1;
    part_ = deep_.part;
    star_ = {};
    return true;
  }

  std::string_view glob_;
  std::string_view path_;
  std::size_t part_ = 0;
  std::size_t done_ = 0;
  Retry star_;
  Retry deep_;
};

/// The spaces at the end of a line do not count, unless a backslash stands before them.
std::string_view without_trailing_spaces(std::string_view line) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
      end = std::min(i + 1, line.size());
    } else if (line[i] != ' ') {
      end = i + 1;
    }
  }
  return line.substr(0, end);
}

}  // namespace

PathFilter::PathFilter(std::span<const std::string> patterns) {
  for (const std::string& line : patterns) {
    std::string_view text = without_trailing_spaces(line);
    if (text.empty() || text.front() == '#') {
      continue;
    }
    Rule rule;
    rule.takes_in = text.front() == '!';
    text.remove_prefix(rule.takes_in ? 1 : 0);
    rule.only_directories = text.ends_with('/');
    text.remove_suffix(rule.only_directories ? 1 : 0);
    rule.matches_name = text.find('/') == kNone;
    text.remove_prefix(text.starts_with('/') ? 1 : 0);
    rule.pattern = text;
    rules_.push_back(std::move(rule));
  }
}

bool PathFilter::leaves_out(std::string_view path, bool is_directory) const {
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == kNone ? path : path.substr(slash + 1);
  const auto last = std::find_if(rules_.rbegin(), rules_.rend(), [&](const Rule& rule) {
    return (is_directory || !rule.only_directories) &&
           Comparison{rule.pattern, rule.matches_name ? name : path}.matches();
  });
  return last != rules_.rend() && !last->takes_in;
}

}  // namespace azekura::chunker
