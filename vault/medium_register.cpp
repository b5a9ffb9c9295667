#include "vault/medium_register.h"

#include "core/clock.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/key_file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <string_view>

namespace azekura::vault {

namespace {

constexpr std::uint64_t kMediumRecordBytesMax = 64 * kMiB;
constexpr std::string_view kHeading = "azekura medium 1";
constexpr std::string_view kSuffix = ".medium";
constexpr std::string_view kUnsaid = "-";
constexpr std::array<ConnectionEnd, 4> kEnds{ConnectionEnd::unknown, ConnectionEnd::detached,
                                             ConnectionEnd::off, ConnectionEnd::released};

/// Text that keeps its field and line, and stays as it is when it is read and written again.
std::string field(std::string_view text) {
  return text.empty() ? std::string{kUnsaid} : harmless(text);
}

/// The tab-separated fields of a line, in order.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_{line} {}

  std::string text() {
    const std::string_view next = take();
    return next == kUnsaid ? std::string{} : std::string{next};
  }
  template <typename Number>
  Number number() {
    const std::string_view next = take();
    Number value{};
    const auto [end, error] = std::from_chars(next.data(), next.data() + next.size(), value);
    if (error != std::errc{} || end != next.data() + next.size()) {
      throw DamageError{"'{}' is not a number", printable(next)};
    }
    return value;
  }
  template <typename Number>
  std::optional<Number> number_if_said() {
    return rest_.substr(0, rest_.find('\t')) == kUnsaid ? (take(), std::nullopt)
                                                        : std::optional{number<Number>()};
  }
  Timestamp time() { return {number<std::int64_t>(), 0}; }

 private:
  std::string_view take() {
    if (is_over_) {
      throw DamageError{"a line is too short"};
    }
    const std::size_t tab = rest_.find('\t');
    const std::string_view next = rest_.substr(0, tab);
    is_over_ = tab == std::string_view::npos;
    rest_.remove_prefix(is_over_ ? rest_.size() : tab + 1);
    return next;
  }

  std::string_view rest_;
  bool is_over_ = false;
};

std::string to_line(const CustodyMove& move) {
  return fmt::format("move\t{}\t{}\t{}\t{}\t{}\n", move.when.seconds, field(move.person),
                     field(move.place), field(move.due), field(move.seal));
}

CustodyMove parse_move(Fields& in) {
  CustodyMove move;
  move.when = in.time();
  move.person = in.text();
  move.place = in.text();
  move.due = in.text();
  move.seal = in.text();
  return move;
}

std::string to_line(const Connection& one) {
  return fmt::format(
      "connection\t{}\t{}\t{:.3f}\t{}\t{}\t{}\t{}\n", one.attached.seconds, name_of(one.end),
      one.work_seconds,
      one.overhang_seconds ? fmt::format("{:.3f}", *one.overhang_seconds) : std::string{kUnsaid},
      one.bytes, one.first_session, one.last_session);
}

Connection parse_connection(Fields& in) {
  Connection one;
  one.attached = in.time();
  const std::string name = in.text();
  const auto* const end = std::find_if(kEnds.begin(), kEnds.end(),
                                       [&](ConnectionEnd known) { return name_of(known) == name; });
  if (end == kEnds.end()) {
    throw DamageError{"an unknown end of a connection"};
  }
  one.end = *end;
  one.work_seconds = in.number<double>();
  one.overhang_seconds = in.number_if_said<double>();
  one.bytes = in.number<std::uint64_t>();
  one.first_session = in.number<std::uint32_t>();
  one.last_session = in.number<std::uint32_t>();
  return one;
}

std::string to_line(const Refusal& refusal) {
  return fmt::format(
      "refusal\t{}\t{}\t{}\t{}\n", refusal.when.seconds, field(refusal.code), field(refusal.person),
      refusal.written ? std::to_string(refusal.written->seconds) : std::string{kUnsaid});
}

Refusal parse_refusal(Fields& in) {
  Refusal refusal;
  refusal.when = in.time();
  refusal.code = in.text();
  refusal.person = in.text();
  if (const auto seconds = in.number_if_said<std::int64_t>()) {
    refusal.written = Timestamp{*seconds, 0};
  }
  return refusal;
}

std::string to_line(const Insertion& insertion) {
  return fmt::format("insertion\t{}\t{}\t{}\t{}\n", field(insertion.boot), field(insertion.folder),
                     field(insertion.disk), insertion.attachment);
}

Insertion parse_insertion(Fields& in) {
  Insertion insertion;
  insertion.boot = in.text();
  insertion.folder = in.text();
  insertion.disk = in.text();
  insertion.attachment = in.number<std::uint64_t>();
  return insertion;
}

void parse_line(std::string_view line, MediumRecord& record) {
  Fields in{line};
  const std::string what = in.text();
  if (what == "name") {
    record.name = in.text();
  } else if (what == "id") {
    record.id = id_from_hex<MediumId>(in.text());
  } else if (what == "set") {
    record.set = in.text();
  } else if (what == "sequence") {
    record.sequence = in.number<std::uint32_t>();
  } else if (what == "description") {
    record.description = in.text();
  } else if (what == "bytes") {
    record.bytes = in.number<std::uint64_t>();
  } else if (what == "free") {
    record.free_bytes = in.number<std::uint64_t>();
  } else if (what == "enrolled") {
    record.enrolled = in.time();
  } else if (what == "move") {
    record.moves.push_back(parse_move(in));
  } else if (what == "connection") {
    record.connections.push_back(parse_connection(in));
  } else if (what == "refusal") {
    record.refusals.push_back(parse_refusal(in));
  } else if (what == "insertion") {
    record.insertion = parse_insertion(in);
  } else {
    throw DamageError{"'{}' is unknown", printable(what)};
  }
}

/// Held while one process changes the register; the kernel lets go of it, however that ends.
UniqueFd lock_folder(const std::string& folder) {
  UniqueFd lock = open_file(folder, O_RDONLY | O_DIRECTORY);
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      throw SystemError{errno, "lock \"{}\"", printable(folder)};
    }
  }
  return lock;
}

MediumRecord read_record(const std::string& path) {
  try {
    return MediumRecord::parse(as_text(read_file(path, kMediumRecordBytesMax)));
  } catch (const Error& error) {
    DamageError failure{"the record \"{}\" of a medium cannot be read: {}", printable(path),
                        error.what()};
    failure.set_hint(
        "take it away from there, then enrol the medium again: that keeps what is on it");
    throw failure;
  }
}

}  // namespace

bool MediumRecord::is_connected() const {
  return !connections.empty() && is_still_there(insertion);
}

bool MediumRecord::is_left_in() const {
  return is_connected() && (connections.back().end == ConnectionEnd::detached ||
                            connections.back().end == ConnectionEnd::off);
}

std::vector<Refusal> MediumRecord::standing_refusals() const {
  std::vector<Refusal> standing;
  std::copy_if(refusals.begin(), refusals.end(), std::back_inserter(standing),
               [](const Refusal& one) { return !one.written; });
  return standing;
}

void MediumRecord::note_refusal(const Refusal& refusal) {
  const auto same = std::find_if(refusals.begin(), refusals.end(), [&](const Refusal& one) {
    return !one.written && one.code == refusal.code;
  });
  if (same == refusals.end()) {
    refusals.push_back(refusal);
  } else if (!refusal.person.empty()) {
    same->person = refusal.person;
  }
}

void MediumRecord::note_written(const Timestamp& when) {
  for (Refusal& refusal : refusals) {
    refusal.written = refusal.written.value_or(when);
  }
}

std::string MediumRecord::to_text() const {
  std::string text = fmt::format(
      "{}\nname\t{}\nid\t{}\nset\t{}\nsequence\t{}\ndescription\t{}\nbytes\t{}\nfree\t{}\n"
      "enrolled\t{}\n",
      kHeading, field(name), id.hex(), field(set), sequence, field(description), bytes, free_bytes,
      enrolled.seconds);
  for (const CustodyMove& move : moves) {
    text += to_line(move);
  }
  for (const Connection& one : connections) {
    text += to_line(one);
  }
  for (const Refusal& refusal : refusals) {
    text += to_line(refusal);
  }
  if (!connections.empty()) {
    text += to_line(insertion);
  }
  return text;
}

MediumRecord MediumRecord::parse(std::string_view text) {
  MediumRecord record;
  bool is_first = true;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      throw DamageError{"its last line is cut short"};
    }
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (is_first && line != kHeading) {
      throw DamageError{"it is not a record of a medium"};
    }
    if (!is_first) {
      parse_line(line, record);
    }
    is_first = false;
  }
  if (record.name.empty() || record.id.is_zero()) {
    throw DamageError{"it has no name or no id"};
  }
  return record;
}

MediumRegister::MediumRegister(const std::string& site_path) : folder_{site_path + "/media"} {}

std::string MediumRegister::path_of(const std::string& name) const {
  return fmt::format("{}/{}{}", folder_, name, kSuffix);
}

std::vector<std::string> MediumRegister::names() const {
  std::vector<std::string> names;
  for (std::string& file : list_directory(folder_)) {
    if (file.ends_with(kSuffix)) {
      file.erase(file.size() - kSuffix.size());
      names.push_back(std::move(file));
    }
  }
  return names;
}

std::vector<MediumRecord> MediumRegister::all() const {
  return readable([](const DamageError& error) { throw DamageError{error}; });
}

std::vector<MediumRecord> MediumRegister::readable(
    const std::function<void(const DamageError&)>& unreadable) const {
  std::vector<MediumRecord> records;
  for (const std::string& name : names()) {
    try {
      records.push_back(read_record(path_of(name)));
    } catch (const DamageError& error) {
      unreadable(error);
    }
  }
  return records;
}

MediumRecord MediumRegister::named(const std::string& name) const {
  const std::vector<std::string> known = names();
  if (std::find(known.begin(), known.end(), name) != known.end()) {
    return read_record(path_of(name));
  }
  UsageError error{"there is no medium '{}'; there {}", printable(name),
                   known.empty() ? text("is none yet")
                                 : text("are: {}", fmt::format("{}", fmt::join(known, ", ")))};
  error.set_hint("enrol one with 'azekura medium enrol DEVICE --set SET'");
  throw error;
}

std::optional<MediumRecord> MediumRegister::find(const MediumId& id) const {
  std::optional<DamageError> unreadable;  // of another medium, if this one is found
  std::vector<MediumRecord> records =
      readable([&](const DamageError& error) { unreadable = error; });
  const auto found = std::find_if(records.begin(), records.end(),
                                  [&](const MediumRecord& record) { return record.id == id; });
  if (found != records.end()) {
    return std::move(*found);
  }
  if (unreadable) {
    throw DamageError{*unreadable};
  }
  return std::nullopt;
}

std::vector<MediumConnection> MediumRegister::newest_connections(const std::string& set) const {
  std::vector<MediumConnection> newest;
  for (const MediumRecord& record : all()) {
    if (record.set != set) {
      continue;
    }
    for (const Connection& one : record.connections) {
      newest.push_back({record.id, one});
    }
  }
  std::stable_sort(newest.begin(), newest.end(), [](const auto& a, const auto& b) {
    return a.connection.attached < b.connection.attached;
  });
  if (newest.size() > kSealedConnectionsMax) {
    newest.erase(newest.begin(), newest.end() - kSealedConnectionsMax);
  }
  return newest;
}

void MediumRegister::write(const MediumRecord& record) const {
  replace_file(path_of(record.name), as_bytes(record.to_text()));
}

void MediumRegister::add(const MediumRecord& record) {
  make_directory(folder_);
  const UniqueFd lock = lock_folder(folder_);
  for (const MediumRecord& other : all()) {
    if (other.name == record.name || other.id == record.id) {
      throw UsageError{"there is already a medium '{}'", other.name};
    }
  }
  write(record);
}

void MediumRegister::update(const std::string& name,
                            const std::function<void(MediumRecord&)>& change) {
  const std::string path = path_of(named(name).name);
  const UniqueFd lock = lock_folder(folder_);
  MediumRecord record = read_record(path);
  change(record);
  write(record);
}

void MediumRegister::note_refusal(const std::string& set, const Refusal& refusal) {
  const std::vector<std::string> known = names();
  if (std::find(known.begin(), known.end(), set) != known.end()) {  // a medium is called as its set
    update(set, [&](MediumRecord& record) { record.note_refusal(refusal); });
  }
}

}  // namespace azekura::vault
