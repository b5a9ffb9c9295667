#pragma once

#include "core/observer.h"
#include "vault/files_partition.h"
#include "vault/folder_medium.h"
#include "vault/medium_finder.h"
#include "vault/medium_register.h"
#include "vault/private_mount.h"

#include <memory>
#include <optional>
#include <string>

namespace azekura::vault {

/// A medium from the moment it is attached until it is detached, and its entry in the register.
///
/// A process that ends, however, leaves nothing mounted (PrivateMount); the connection then stays
/// in the register without an end.
class Attachment {
 public:
  /// Mounts the medium and notes in the register that it is attached. `name`: its record's.
  /// Lifetime: all outlive it. Errors: MediumError; AuthenticityError if its file system is not
  /// that of its label.
  Attachment(const ConnectedMedium& connected, Access access, MediumRegister& media,
             std::string name, Observer& observer);
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;
  /// Detaches it, if that was not done; what fails then is a notice.
  ~Attachment();

  /// Requires: neither release() nor detach() was called.
  [[nodiscard]] FolderMedium& medium() noexcept { return *medium_; }
  /// After a failure: whether the person pulled it.
  [[nodiscard]] bool was_pulled() const;
  /// What was done meanwhile, for the register.
  void note_written(std::uint64_t bytes, std::uint32_t first_session, std::uint32_t last_session);
  /// Unmounts it only: it is attached again soon, by this run.
  void release();
  /// Unmounts, flushes, makes read-only and powers off; then writes the connection's end into the
  /// register. Errors: MediumError, SystemError.
  Connection detach();

 private:
  void mount(Access access);
  [[nodiscard]] bool is_there() const;
  void unmount();
  void end();
  void close() const;
  void record();

  const ConnectedMedium& connected_;
  MediumRegister& media_;
  std::string name_;
  Observer& observer_;
  Insertion insertion_;
  double attached_at_;
  Connection connection_;
  std::optional<std::uint64_t> free_bytes_;
  std::unique_ptr<FilesPartition> partition_;
  std::unique_ptr<PrivateMount> mount_;
  std::unique_ptr<FolderMedium> medium_;
  bool is_detached_ = false;
};

}  // namespace azekura::vault
