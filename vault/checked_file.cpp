#include "vault/checked_file.h"

#include "core/interrupt.h"
#include "vault/pack_check.h"
#include "vault/parity_file.h"

namespace azekura::vault {

void CheckedFile::expect_whole(const Stream& stream) const {
  const std::unique_ptr<FileCheck> one = check();
  stream([&](ByteView part) { one->update(part); });
  one->finish();
}

void CheckedFile::expect_whole_on(const FolderMedium& medium, const std::string& name_there) const {
  expect_whole([&](const auto& take) {
    medium.stream(name_there, [&](ByteView part) {
      throw_if_interrupted();
      take(part);
    });
  });
}

void CheckedFile::append_to(FolderMedium& medium, const std::string& name_there,
                            const FolderMedium::Produce& produce) const {
  const std::unique_ptr<FileCheck> one = check();
  const auto produce_until_interrupted = [&](const auto& write) {
    produce([&](ByteView part) {
      throw_if_interrupted();
      write(part);
    });
  };
  medium.append(name_there, bytes, produce_until_interrupted, [&](ByteView part) {
    throw_if_interrupted();
    if (part.empty()) {
      one->finish();
    }
    one->update(part);
  });
}

CheckedFile checked_pack(const PackInfo& pack, const SessionIdentity& session) {
  return {pack_path(pack.number), pack.file_bytes, pack.root,
          [pack, session] { return std::make_unique<PackCheck>(pack, session); }};
}

CheckedFile checked_parity(const Manifest& manifest, std::size_t index) {
  const ParityFileInfo info = ParityFileInfo::of(manifest, index);
  const Digest root = manifest.parity->roots.at(index);
  return {parity_path(manifest.identity.number, index), info.file_bytes(), root,
          [info, root] { return std::make_unique<ParityCheck>(info, root); }};
}

}  // namespace azekura::vault
