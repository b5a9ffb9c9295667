#include "vault/vault.h"

#include "core/limits.h"
#include "core/text.h"
#include "vault/hash.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace azekura::vault {

namespace {

std::optional<std::uint32_t> parse_session_number(std::string_view name) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool valid = error == std::errc{} && end == name.data() + name.size() && number > 0 &&
                     number <= limits::kSessionsMax && name.size() >= 6 &&
                     (name.size() == 6 || name.front() != '0');
  return valid ? std::optional{number} : std::nullopt;
}

/// Runs a check; what it throws about the bytes becomes a finding's kind and text.
template <typename Step>
std::optional<Finding> finding_of(Step&& step) {
  try {
    step();
    return std::nullopt;
  } catch (const Error& error) {
    if (!error.is_about_stored_bytes()) {
      throw;
    }
    return Finding{error.kind(), error.what(), 0, error.hint()};
  }
}

/// What header and manifest must say about the session itself.
void check_own_parts(const SealedSession& session) {
  const std::vector<KeySlot::Sealed>& sealed = session.header.slots.back().sealed;
  const std::vector<RecipientKey>& recipients = session.header.policy.recipients;
  const bool sealed_to_policy =
      sealed.size() == recipients.size() &&
      std::equal(sealed.begin(), sealed.end(), recipients.begin(),
                 [](const KeySlot::Sealed& slot, const RecipientKey& recipient) {
                   return slot.recipient == recipient_tag(recipient);
                 });
  if (!sealed_to_policy) {
    throw AuthenticityError{"its key slot is not sealed to the recipients of its policy"};
  }
  for (const PackInfo& pack : session.manifest.packs) {
    if ((pack.session == session.number()) != (pack.number >= session.header.first_pack)) {
      throw DamageError{"pack {:08x} is not where its session's numbers begin", pack.number};
    }
  }
}

}  // namespace

std::uint32_t SealedSession::next_pack() const {
  return std::max(header.first_pack, manifest.packs.empty() ? 1 : manifest.packs.back().number + 1);
}

std::string session_path(std::string_view folder, std::uint32_t number, std::string_view object) {
  return fmt::format("{}/{:06}/{}", folder, number, object);
}

std::string healed_path(std::string_view name) { return fmt::format("healed/{}", name); }

std::optional<SiteId> labelled_site(const FolderMedium& medium) {
  try {
    const std::optional<Buffer> bytes = medium.read("label", limits::kLabelBytesMax);
    return bytes ? std::optional{Label::decode(*bytes).site} : std::nullopt;
  } catch (const Error&) {  // not a label in order
    return std::nullopt;
  }
}

Vault::Vault(const FolderMedium& medium, std::optional<PublicSigningKey> authority)
    : medium_{medium} {
  read_label(authority);
  if (!label_ && findings_.empty() && numbers().empty()) {
    MediumError error{"\"{}\" is not an azekura medium", printable(medium.path())};
    error.set_hint("name the folder that holds README.txt and label");
    throw error;
  }
  if (!label_ && findings_.empty()) {
    add(ErrorKind::damage, text("the label is not there"));
  }
}

void Vault::add(ErrorKind kind, std::string fact) { findings_.push_back({kind, std::move(fact)}); }

void Vault::read_label(const std::optional<PublicSigningKey>& authority) {
  authority_ = authority;
  std::optional<Finding> finding = finding_of([&] {
    const std::optional<Buffer> bytes = medium_.read("label", limits::kLabelBytesMax);
    if (!bytes) {
      return;
    }
    Label label = Label::decode(*bytes);
    if (authority && label.writer.authority != *authority) {
      throw AuthenticityError{"the label is signed for authority {}, not for {}",
                              authority_fingerprint(label.writer.authority),
                              authority_fingerprint(*authority)};
    }
    label_ = label;
  });
  if (finding) {
    findings_.push_back(std::move(*finding));
  } else if (label_) {
    authority_ = label_->writer.authority;
  }
}

std::vector<std::uint32_t> Vault::numbers() const {
  std::set<std::uint32_t> numbers;
  std::size_t unreadable = 0;
  for (const std::string_view folder : kSessionFolders) {
    try {
      for (const std::string& name : medium_.list(std::string{folder})) {
        if (const auto number = parse_session_number(name)) {
          numbers.insert(*number);
        }
      }
    } catch (const DamageError&) {  // every session says so of its copy there
      if (++unreadable == kSessionFolders.size()) {
        throw;
      }
    }
  }
  return {numbers.begin(), numbers.end()};
}

std::uint32_t Vault::newest_number() {
  if (!newest_number_) {
    newest_number_ = numbers().back();
  }
  return *newest_number_;
}

std::optional<SealedSession> Vault::check_copy(std::uint32_t number, ByteView seal_bytes) {
  SealedSession session;
  session.seal = Seal::decode(seal_bytes);
  session.seal_digest = sha256(seal_bytes);
  if (session.seal.identity.number != number) {
    throw AuthenticityError{"it is the seal of session {}", session.seal.identity.number};
  }
  std::optional<Buffer> header = whole_copy(number, "header", session.seal.header);
  const std::optional<Buffer> manifest = whole_copy(number, "manifest", session.seal.manifest);
  if (!header || !manifest) {
    throw DamageError{"no copy of its {} is whole", header ? "manifest" : "header"};
  }
  session.header = SessionHeader::decode(*header);
  session.manifest = Manifest::decode(*manifest);
  session.header_bytes = std::move(*header);

  const Writer& writer = session.header.writer;
  if (session.header.identity != session.seal.identity ||
      session.manifest.identity != session.seal.identity) {
    throw AuthenticityError{"its header or manifest is another session's"};
  }
  if (authority_ && writer.authority != *authority_) {
    throw AuthenticityError{"it was written for authority {}, not for {}",
                            authority_fingerprint(writer.authority),
                            authority_fingerprint(*authority_)};
  }
  const SiteId& site = session.seal.identity.site;
  if (writer.certificate.site != site || session.header.policy.site != site ||
      !writer.certificate.is_signed_by(writer.authority) ||
      !session.header.policy.is_signed_by(writer.authority)) {
    throw AuthenticityError{"its host certificate or policy is not signed by the authority"};
  }
  check_own_parts(session);
  if (!Seal::is_signed_by(seal_bytes, writer.certificate.host_key)) {
    throw AuthenticityError{"its seal is not signed by its host"};
  }
  if (label_ && (label_->site != site || label_->medium != session.seal.medium)) {
    throw AuthenticityError{"it was sealed for another medium"};
  }
  return session;
}

/// Reports copies that differ from what the valid seal vouches for.
void Vault::check_copies(const SealedSession& session) {
  for (const std::string_view folder : kSessionFolders) {
    const auto check = [&](std::string_view object, std::uint64_t max, const Digest& digest) {
      const std::string path = session_path(folder, session.number(), object);
      std::optional<Finding> finding = finding_of([&] {
        const std::optional<Buffer> bytes = medium_.read(path, max);
        if (!bytes || sha256(*bytes) != digest) {
          throw DamageError{"\"{}\" is {}; another copy is whole", path,
                            in_language(bytes ? "damaged" : "missing")};
        }
      });
      if (finding) {
        finding->remedy =
            read_if_whole(healed_path(path), max, digest) ? Remedy::healed : Remedy::copy;
        finding->file = path;
        findings_.push_back(std::move(*finding));
      }
    };
    check("header", limits::kHeaderBytesMax, session.seal.header);
    check("manifest", limits::kManifestBytesMax, session.seal.manifest);
    check_seal_copy(session, folder);
  }
}

/// A copy of the seal that differs is damage, or, if it is a valid seal too, a fork.
void Vault::check_seal_copy(const SealedSession& session, std::string_view folder) {
  const std::string path = session_path(folder, session.number(), "seal");
  std::optional<Finding> finding = finding_of([&] {
    const std::optional<Buffer> bytes = medium_.read(path, limits::kSealBytesMax);
    if (bytes && sha256(*bytes) == session.seal_digest) {
      return;
    }
    if (!bytes && session.number() == newest_number()) {
      return;  // its write ended between the copies; the next run adds them
    }
    if (bytes && !finding_of([&] { static_cast<void>(check_copy(session.number(), *bytes)); })) {
      throw AuthenticityError{"fork: session {} has two different valid seals", session.number()};
    }
    throw DamageError{"\"{}\" is {}; another copy is whole", path,
                      in_language(bytes ? "damaged" : "missing")};
  });
  if (finding && finding->kind == ErrorKind::damage) {
    finding->remedy = read_if_whole(healed_path(path), limits::kSealBytesMax, session.seal_digest)
                          ? Remedy::healed
                          : Remedy::copy;
    finding->file = path;
  }
  if (finding) {
    findings_.push_back(std::move(*finding));
  }
}

/// The file, if it has this digest; what else it may be, check_copies reports.
std::optional<Buffer> Vault::read_if_whole(const std::string& path, std::uint64_t max,
                                           const Digest& digest) const {
  std::optional<Buffer> bytes;
  static_cast<void>(finding_of([&] { bytes = medium_.read(path, max); }));
  return bytes && sha256(*bytes) == digest ? std::move(bytes) : std::nullopt;
}

std::optional<Buffer> Vault::whole_copy(std::uint32_t number, std::string_view object,
                                        const Digest& digest) const {
  const std::uint64_t max = object == "header"     ? limits::kHeaderBytesMax
                            : object == "manifest" ? limits::kManifestBytesMax
                                                   : limits::kSealBytesMax;
  for (const std::string_view folder : kSessionFolders) {
    const std::string path = session_path(folder, number, object);
    for (const std::string& copy : {path, healed_path(path)}) {
      if (std::optional<Buffer> bytes = read_if_whole(copy, max, digest)) {
        return bytes;
      }
    }
  }
  return std::nullopt;
}

std::optional<SealedSession> Vault::session(std::uint32_t number) {
  std::optional<Finding> problem;
  for (const std::string_view folder : kSessionFolders) {
    std::optional<SealedSession> session;
    const std::string path = session_path(folder, number, "seal");
    std::optional<Finding> finding;
    for (const std::string& copy : {path, healed_path(path)}) {
      std::optional<Finding> of_copy = finding_of([&] {
        const std::optional<Buffer> seal = medium_.read(copy, limits::kSealBytesMax);
        if (seal && !session) {
          session = check_copy(number, *seal);
        }
      });
      if (!finding) {
        finding = std::move(of_copy);
      }
    }
    if (session) {
      check_copies(*session);
      return session;
    }
    // Of several reasons the graver one is told.
    if (finding && (!problem || finding->kind == ErrorKind::authenticity)) {
      problem = std::move(finding);
    }
  }
  if (problem) {
    add(problem->kind, text("session {} does not count: {}", number, problem->fact));
    findings_.back().lost_session = number;
  }
  return std::nullopt;
}

std::vector<SealedSession> Vault::sessions() {
  std::vector<SealedSession> sessions;
  for (const std::uint32_t number : numbers()) {
    if (std::optional<SealedSession> one = session(number)) {
      sessions.push_back(std::move(*one));
    }
  }
  check_chain(sessions);
  return sessions;
}

void Vault::check_chain(const std::vector<SealedSession>& sessions) {
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const Seal& seal = sessions[i].seal;
    const SealedSession* before = i == 0 ? nullptr : &sessions[i - 1];
    const std::uint32_t newest = before == nullptr ? 0 : before->number();
    const std::uint32_t epoch = sessions[i].header.writer.certificate.epoch;
    if (label() && seal.identity.number == 1 && seal.identity.set != label()->set &&
        epoch <= label()->writer.certificate.epoch) {
      add(ErrorKind::authenticity, text("the label is of another set than session 1"));
    }
    if (seal.previous_number > newest) {
      add(ErrorKind::damage, text("session {} is missing; session {} was sealed after it",
                                  seal.previous_number, seal.identity.number));
      continue;
    }
    if (seal.previous_number < newest ||
        (before != nullptr && seal.previous != before->seal_digest)) {
      add(ErrorKind::authenticity,
          text("fork: session {} was not sealed after session {} as it is here",
               seal.identity.number, newest));
      continue;
    }
    if (before != nullptr && before->seal.identity.set != seal.identity.set &&
        epoch <= before->header.writer.certificate.epoch) {
      add(ErrorKind::authenticity,
          text("session {} begins a new set without the authority's leave", seal.identity.number));
    }
  }
}

}  // namespace azekura::vault
