#include "cli/restore_program.h"

#include "core/file_io.h"
#include "vault/hash.h"

namespace azekura::cli {

namespace {
constexpr std::uint64_t kProgramBytesMax = 256 * kMiB;
}

std::string restore_program_path() {
  const std::string self = absolute_path("/proc/self/exe");
  return self.substr(0, self.find_last_of('/') + 1) + "azekura-restore";
}

std::optional<Digest> restore_program_digest() {
  const std::optional<Buffer> program = read_file_if_any(restore_program_path(), kProgramBytesMax);
  return program ? std::optional{vault::sha256(*program)} : std::nullopt;
}

SiteId random_site_id() { return vault::random_id<SiteId>(); }

}  // namespace azekura::cli
