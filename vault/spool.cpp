#include "vault/spool.h"

#include "core/byte_reader.h"
#include "core/byte_writer.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/limits.h"
#include "core/text.h"
#include "vault/checked_file.h"
#include "vault/hash.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace azekura::vault {

namespace {

constexpr std::uint64_t kJournalBytesMax = 256 * kMiB;
constexpr std::size_t kRecordBytes = 4 + 4 + 8 + Digest::kBytes;
constexpr std::size_t kReadBytes = 1 * kMiB;

std::optional<std::uint32_t> parse_number(std::string_view text, int base) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

/// The journal's records up to the first one that is cut off or damaged.
std::vector<PackInfo> read_journal(const std::string& folder) {
  std::vector<PackInfo> packs;
  const std::optional<Buffer> bytes = read_file_if_any(folder + "/journal", kJournalBytesMax);
  if (!bytes) {
    return packs;
  }
  ByteReader in{*bytes, "the spool's journal"};
  while (in.remaining() >= kRecordBytes + 8) {
    const ByteView record = in.bytes(kRecordBytes);
    if (in.u64() != checksum(record)) {
      break;
    }
    ByteReader fields{record, "the spool's journal"};
    PackInfo pack;
    pack.number = fields.u32();
    pack.session = fields.u32();
    pack.file_bytes = fields.u64();
    pack.root = fields.id<Digest>();
    packs.push_back(pack);
  }
  return packs;
}

/// Writes what a seal will vouch for, with its digest: rot in the spool must not be sealed.
void write_checked(const std::string& path, Buffer bytes, std::uint64_t max) {
  if (bytes.size() > max) {
    UsageError error{"\"{}\" would have {} bytes, at most {} are possible", printable(path),
                     bytes.size(), max};
    error.set_hint("this set has grown as far as it can: add a new one with 'azekura set add'");
    throw error;
  }
  append(bytes, sha256(bytes).bytes());
  replace_file(path, bytes);
}

/// Errors: DamageError if the bytes are not those written.
Buffer read_checked(const std::string& path, std::uint64_t max) {
  Buffer bytes = read_file(path, max + Digest::kBytes);
  const std::size_t size = bytes.size() - std::min(bytes.size(), Digest::kBytes);
  const Digest digest = sha256(ByteView{bytes}.first(size));
  if (!equal(ByteView{bytes}.subspan(size), digest.bytes())) {
    throw DamageError{"\"{}\" is not what was captured", printable(path)};
  }
  bytes.resize(size);
  return bytes;
}

bool is_whole(const std::string& path, const PackInfo& pack, const SessionIdentity& session) {
  try {
    const UniqueFd file = open_file(path, O_RDONLY | O_NOFOLLOW);
    Buffer bytes(kReadBytes);
    checked_pack(pack, session).expect_whole([&](const auto& take) {
      while (const std::size_t count = read_some(file.get(), bytes, path)) {
        take(ByteView{bytes}.first(count));
      }
    });
    return true;
  } catch (const Error&) {  // absent, short or damaged: not finished
    return false;
  }
}

}  // namespace

std::string SpooledSession::pack_path(std::uint32_t pack) const {
  return Spool::pack_path(folder, pack);
}

Spool::Spool(std::string path) : path_{std::move(path)} {}

std::string Spool::pack_path(const std::string& folder, std::uint32_t pack) {
  return fmt::format("{}/packs/{:08x}", folder, pack);
}

std::string Spool::parity_path(const std::string& folder, std::size_t index) {
  return fmt::format("{}/parity/{}", folder, index);
}

std::size_t Spool::waiting(const std::string& path) {
  const std::vector<std::string> names = list_directory(path);
  return static_cast<std::size_t>(std::count_if(
      names.begin(), names.end(),
      [&](const std::string& name) { return exists(path + "/" + name + "/manifest"); }));
}

void Spool::empty_unfinished(const std::string& path) {
  const auto empty = [](const std::string& file) {
    static_cast<void>(open_file(file, O_WRONLY | O_TRUNC | O_NOFOLLOW));
  };
  for (const std::string& session : list_directory(path)) {
    const std::string folder = path + "/" + session;
    for (const std::string& name : list_directory(folder + "/packs")) {
      if (name.ends_with(".part")) {
        empty(folder + "/packs/" + name);
      }
    }
    if (!exists(folder + "/manifest")) {  // its parity is made anew
      for (const std::string& name : list_directory(folder + "/parity")) {
        empty(folder + "/parity/" + name);
      }
    }
  }
}

std::vector<std::string> Spool::folders() const {
  std::vector<std::pair<std::uint32_t, std::string>> numbered;
  for (const std::string& name : list_directory(path_)) {
    if (const auto number = parse_number(name, 10)) {
      numbered.emplace_back(*number, path_ + "/" + name);
    }
  }
  std::sort(numbered.begin(), numbered.end());
  std::vector<std::string> folders;
  std::transform(numbered.begin(), numbered.end(), std::back_inserter(folders),
                 [](const auto& one) { return one.second; });
  return folders;
}

std::vector<SpooledSession> Spool::sessions() const {
  std::vector<SpooledSession> sessions;
  for (const std::string& folder : folders()) {
    if (!exists(folder + "/manifest")) {
      continue;
    }
    try {
      SpooledSession session;
      session.folder = folder;
      if (!exists(folder + "/header")) {
        continue;
      }
      session.header_bytes = read_checked(folder + "/header", limits::kHeaderBytesMax);
      session.header = SessionHeader::decode(session.header_bytes);
      session.manifest_bytes = read_checked(folder + "/manifest", limits::kManifestBytesMax);
      session.manifest = Manifest::decode(session.manifest_bytes);
      if (session.manifest.identity == session.header.identity) {
        sessions.push_back(std::move(session));
      }
    } catch (const DamageError&) {  // not ours any more: the sources are captured again
      continue;
    }
  }
  return sessions;
}

std::vector<std::uint32_t> Spool::complete_numbers() const {
  std::vector<std::uint32_t> numbers;
  for (const std::string& folder : folders()) {
    if (exists(folder + "/manifest")) {
      numbers.push_back(parse_number(folder.substr(folder.find_last_of('/') + 1), 10).value_or(0));
    }
  }
  return numbers;
}

std::vector<OpenSession> Spool::interrupted() const {
  std::vector<OpenSession> sessions;
  for (const std::string& folder : folders()) {
    if (exists(folder + "/manifest")) {
      continue;
    }
    OpenSession session;
    session.folder = folder;
    try {
      session.header =
          SessionHeader::decode(read_checked(folder + "/header", limits::kHeaderBytesMax));
    } catch (const Error&) {  // begun, and nothing more
      session.header.identity.number =
          parse_number(folder.substr(folder.find_last_of('/') + 1), 10).value_or(0);
      sessions.push_back(std::move(session));
      continue;
    }
    for (const PackInfo& pack : read_journal(folder)) {
      if (pack.session == session.header.identity.number &&
          is_whole(pack_path(folder, pack.number), pack, session.header.identity)) {
        session.packs.push_back(pack);
      }
    }
    std::sort(session.packs.begin(), session.packs.end(),
              [](const PackInfo& a, const PackInfo& b) { return a.number < b.number; });
    sessions.push_back(std::move(session));
  }
  return sessions;
}

std::uint32_t Spool::next_pack() const {
  std::uint32_t next = 1;
  for (const std::string& folder : folders()) {
    for (const std::string& name : list_directory(folder + "/packs")) {
      if (const auto number = parse_number(std::string_view{name}.substr(0, 8), 16)) {
        next = std::max(next, *number + 1);
      }
    }
  }
  // A session need not have a pack of its own, and its number is not free all the same.
  for (const SpooledSession& session : sessions()) {
    next = std::max(next, session.header.first_pack);
  }
  for (const OpenSession& session : interrupted()) {
    next = std::max(next, session.header.first_pack);
  }
  return next;
}

std::string Spool::begin(const SessionHeader& header) {
  std::string folder = fmt::format("{}/{:06}", path_, header.identity.number);
  make_directory(path_);
  make_directory(folder);
  make_directory(folder + "/packs");
  write_checked(folder + "/header", header.encode(), limits::kHeaderBytesMax);
  return folder;
}

void Spool::journal(const std::string& folder, const PackInfo& pack) {
  const Buffer record =
      ByteWriter{}.u32(pack.number).u32(pack.session).u64(pack.file_bytes).id(pack.root).take();
  const std::string path = folder + "/journal";
  sync_directory(folder + "/packs");
  const bool is_new = !exists(path);
  UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW);
  write_all(file.get(), ByteWriter{}.bytes(record).u64(checksum(record)).view(), path);
  sync_file(file.get(), path);
  file.close();
  if (is_new) {
    sync_directory(folder);
  }
}

void Spool::complete(const std::string& folder, const Manifest& manifest) {
  write_checked(folder + "/manifest", manifest.encode(), limits::kManifestBytesMax);
}

void Spool::discard(std::uint32_t number) {
  const std::string folder = fmt::format("{}/{:06}", path_, number);
  // Without its manifest it is not complete, whatever of the rest a crash leaves.
  remove_file(folder + "/manifest");
  remove_file(folder + "/journal");
  remove_tree(folder);
}

}  // namespace azekura::vault
