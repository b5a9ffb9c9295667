#pragma once

#include "vault/file_check.h"
#include "vault/folder_medium.h"
#include "vault/session.h"

#include <functional>
#include <memory>
#include <string>

namespace azekura::vault {

/// A pack or parity file that a manifest vouches for.
struct CheckedFile {
  /// Calls `take` with all bytes of a file in order.
  using Stream = std::function<void(const std::function<void(ByteView)>& take)>;

  std::string name;  ///< on the medium
  std::uint64_t bytes = 0;
  Digest root;  ///< which the manifest has of it
  std::function<std::unique_ptr<FileCheck>()> check;

  /// Errors: DamageError saying what is damaged; what `stream` throws.
  void expect_whole(const Stream& stream) const;
  /// The same of an object on a medium. Errors: also as throw_if_interrupted, asked every MiB.
  void expect_whole_on(const FolderMedium& medium, const std::string& name_there) const;
  /// Appends what `produce` writes under a name, read back and checked before it gets it.
  /// Errors: DamageError if it is not the file; as FolderMedium::append; as throw_if_interrupted,
  /// asked at every part that is written or read back.
  void append_to(FolderMedium& medium, const std::string& name_there,
                 const FolderMedium::Produce& produce) const;
};

/// Requires: a sealed manifest may name such a pack. Its check throws if none can.
CheckedFile checked_pack(const PackInfo& pack, const SessionIdentity& session);
/// Requires: index < manifest.parity_files().
CheckedFile checked_parity(const Manifest& manifest, std::size_t index);

}  // namespace azekura::vault
