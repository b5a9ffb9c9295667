#include "vault/file_system.h"

#include "core/run_program.h"

namespace azekura::vault {

void make_file_system(const std::string& device, FileSystem kind) {
  if (kind == FileSystem::ext4) {
    // Nothing is set apart for root: the engine leaves what a commit needs.
    run_program({"mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0",
                 "-L", "azekura", device});
  } else {
    run_program({"mkfs.xfs", "-q", "-f", "-L", "azekura", device});
  }
}

}  // namespace azekura::vault
