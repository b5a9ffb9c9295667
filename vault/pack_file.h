#pragma once

#include "core/ordered_stage.h"
#include "core/unique_fd.h"
#include "vault/leaf_hasher.h"

#include <memory>
#include <string>

namespace azekura::vault {

/// The file of one pack in the making: appends bytes and hashes their leaves, in order, on a
/// thread of its own, so that the next block is encrypted meanwhile.
///
/// It is "PATH.part" until finish(); the destructor leaves that for the next run to remove.
/// Errors: SystemError (kind space on a full disk), from any call after the one that failed.
class PackFile {
 public:
  explicit PackFile(std::string path);

  /// Memory: at most four of these wait.
  void append(Buffer bytes);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// The leaf hashes of everything appended, once.
  [[nodiscard]] Buffer finish_leaves();
  /// Appends what is not hashed, makes the file durable and gives it its name.
  /// Requires: called once, after finish_leaves().
  void finish(ByteView tail);

 private:
  void take(ByteView bytes);

  std::string path_;
  UniqueFd file_;
  std::uint64_t size_ = 0;
  LeafHasher leaves_;
  OrderedStage<Buffer> stage_;  ///< last: its thread ends before what it uses
};

}  // namespace azekura::vault
