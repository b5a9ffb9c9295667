#include "vault/key_file.h"

#include "core/file_io.h"
#include "core/limits.h"
#include "core/text.h"

#include <fcntl.h>

#include <algorithm>

namespace azekura::vault {

namespace {

constexpr std::string_view kWhiteSpace = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string_view::npos) {
    return text.substr(text.size());  // empty, and still inside the text
  }
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                              : character;
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.size() >= start.size() &&
         std::equal(start.begin(), start.end(), text.begin(),
                    [](char left, char right) { return lower(left) == lower(right); });
}

/// Walks over the lines that count.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_{text} {}

  /// False at the end.
  bool next() {
    while (!rest_.empty()) {
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++number_;
      if (!trimmed(line_).empty() && line_.front() != '#') {
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] std::string_view line() const { return line_; }
  [[nodiscard]] std::size_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::string_view line_;
  std::size_t number_ = 0;
};

bool is_heading(std::string_view line, std::string_view heading) {
  const std::string_view content = trimmed(line);
  return content.size() == heading.size() && starts_with(content, heading);
}

/// The longest of `names` that is the line's first word or words; empty if none.
std::string_view name_of(std::string_view line, std::initializer_list<std::string_view> names) {
  std::string_view found;
  for (const std::string_view name : names) {
    const bool ends_there =
        line.size() <= name.size() || kWhiteSpace.find(line[name.size()]) != std::string_view::npos;
    if (name.size() > found.size() && ends_there && starts_with(line, name)) {
      found = name;
    }
  }
  return found;
}

}  // namespace

KeyFileText::KeyFileText(const std::string& path)
    : content_{limits::kTextMax + 1},
      size_{read_some(open_file(path, O_RDONLY).get(), content_.mutable_bytes(), path)} {
  if (size_ > limits::kTextMax) {
    throw UsageError{"\"{}\" is longer than {} bytes", printable(path), limits::kTextMax};
  }
}

bool KeyFile::has_heading(std::string_view text, std::string_view heading) {
  Lines lines{text};
  return lines.next() && is_heading(lines.line(), heading);
}

KeyFile::KeyFile(std::string_view text, std::string_view heading,
                 std::initializer_list<std::string_view> names) {
  Lines lines{text};
  if (!lines.next() || !is_heading(lines.line(), heading)) {
    throw UsageError{"the first line is not \"{}\"", heading};
  }
  while (lines.next()) {
    const std::string_view line = lines.line();
    const std::string_view content = trimmed(line);
    const std::string_view name = name_of(content, names);
    if (name.empty() && !fields_.empty() && kWhiteSpace.find(line.front()) != line.npos) {
      // The value becomes the span over both lines, so that no part of a key is copied.
      std::string_view& value = fields_.back().value;
      value = {value.data(),
               static_cast<std::size_t>(content.data() + content.size() - value.data())};
      continue;
    }
    if (name.empty()) {
      throw UsageError{"line {} starts with none of the words: {}", lines.number(),
                       fmt::join(names, ", ")};
    }
    for (const Field& field : fields_) {
      if (field.name == name) {
        throw UsageError{"line {} is a second \"{}\"", lines.number(), name};
      }
    }
    fields_.push_back({name, trimmed(content.substr(name.size())), lines.number()});
  }
  for (const std::string_view name : names) {
    static_cast<void>(field_of(name));
  }
}

const KeyFile::Field& KeyFile::field_of(std::string_view name) const {
  const auto found = std::ranges::find(fields_, name, &Field::name);
  if (found == fields_.end()) {
    throw UsageError{"there is no line \"{}\"", name};
  }
  return *found;
}

}  // namespace azekura::vault
