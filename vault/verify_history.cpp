#include "vault/verify_history.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <ctime>
#include <vector>

namespace azekura::vault {

namespace {

constexpr std::uint64_t kHistoryBytesMax = 512 * kMiB;
/// So many bytes of lines that later ones replace are not worth a new file.
constexpr std::size_t kReplacedBytesKept = 1 * kMiB;

constexpr std::string_view kBegun = "begun";
constexpr std::string_view kResumed = "resumed";
constexpr std::string_view kEnded = "ended";
constexpr std::string_view kWhole = "whole";

std::string root_text(const CheckedFile& file) { return file.root.short_hex(); }

/// The next field of a line, which loses it.
std::string_view take_field(std::string_view& line) {
  const std::size_t tab = line.find('\t');
  const std::string_view field = line.substr(0, tab);
  line.remove_prefix(tab == std::string_view::npos ? line.size() : tab + 1);
  return field;
}

std::optional<Timestamp> parse_time(const std::string& text) {
  std::tm parts{};
  const char* const end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return end != nullptr && *end == '\0' ? std::optional{Timestamp{::timegm(&parts), 0}}
                                        : std::nullopt;
}

std::string_view outcome_of(const std::optional<Finding>& finding) {
  if (!finding) {
    return kWhole;
  }
  switch (finding->remedy) {
    case Remedy::healed:
      return "healed";
    case Remedy::copy:
    case Remedy::parity:
      return "repairable";
    case Remedy::none:
      break;
  }
  return "damaged";
}

}  // namespace

VerifyHistory::VerifyHistory(const std::string& folder, const MediumId& medium)
    : path_{folder + "/" + medium.hex() + ".tsv"} {
  const auto open = [&] {
    file_ = open_file(path_, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW);
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      BusyError error{"another run verifies this medium: it holds \"{}\"", printable(path_)};
      error.set_hint("wait until it ends");
      throw error;
    }
  };
  open();
  const Buffer bytes = read_file(path_, kHistoryBytesMax);
  const std::string_view text = as_text(bytes);
  const std::string kept = load(text);
  const std::size_t replaced = text.size() - kept.size();
  if (replaced > kReplacedBytesKept && replaced > kept.size()) {
    replace_file(path_, as_bytes(kept));
    open();
  } else if (!text.empty() && text.back() != '\n') {
    write_all(file_.get(), as_bytes("\n"), path_);
  }
}

std::string VerifyHistory::load(std::string_view text) {
  struct Line {
    std::string_view text;
    bool is_replaced = false;
  };
  std::vector<Line> lines;
  std::map<std::string_view, std::size_t> latest;  // line of each name's last check as whole
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    std::string_view rest = line;
    take_field(rest);
    if (take_field(rest) == kWhole && line.ends_with('\n')) {
      const auto [known, is_new] = latest.try_emplace(take_field(rest), lines.size());
      if (!is_new) {
        lines[known->second].is_replaced = true;
        known->second = lines.size();
      }
    }
    lines.push_back({line});
  }
  std::string kept;
  for (const Line& line : lines) {
    if (!line.is_replaced) {
      take_line(line.text);
      kept += line.text;
    }
  }
  return kept;
}

/// What is not as this program writes it says nothing.
void VerifyHistory::take_line(std::string_view line) {
  ++lines_;
  if (!line.ends_with('\n')) {
    return;  // a crash cut it off
  }
  line.remove_suffix(1);
  const std::optional<Timestamp> when = parse_time(std::string{take_field(line)});
  const std::string_view what = take_field(line);
  if (what == kBegun) {
    run_ = lines_;
  } else if (what == kWhole && when) {
    const std::string name{take_field(line)};
    whole_[name] = {std::string{take_field(line)}, {lines_, *when}};
  }
}

std::optional<VerifyHistory::Check> VerifyHistory::last_whole(const CheckedFile& file) const {
  const auto known = whole_.find(file.name);
  return known != whole_.end() && known->second.root == root_text(file)
             ? std::optional{known->second.check}
             : std::nullopt;
}

bool VerifyHistory::is_done(const CheckedFile& file) const {
  const std::optional<Check> check = last_whole(file);
  return check && check->line > run_;
}

void VerifyHistory::begin(std::string_view device, bool is_resumed) {
  write(fmt::format("{}\t{}", is_resumed ? kResumed : kBegun, device));
}

void VerifyHistory::add(const CheckedFile& file, const std::optional<Finding>& finding) {
  write(fmt::format("{}\t{}\t{}{}{}", outcome_of(finding), file.name, root_text(file),
                    finding ? "\t" : "", finding ? printable(finding->fact) : ""));
}

void VerifyHistory::end(std::uint64_t files_left) {
  write(fmt::format("{}\t{} files left", kEnded, files_left));
  sync_file(file_.get(), path_);
}

void VerifyHistory::write(std::string_view rest) {
  const std::string line = fmt::format("{}\t{}\n", utc_time_text(wall_clock_now()), rest);
  write_all(file_.get(), as_bytes(line), path_);
  take_line(line);
}

}  // namespace azekura::vault
