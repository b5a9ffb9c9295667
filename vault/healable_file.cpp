#include "vault/healable_file.h"

#include "vault/pack_check.h"
#include "vault/parity_file.h"

namespace azekura::vault {

std::vector<HealableFile> healable_files(std::span<const SealedSession> sessions,
                                         const Healer& healer) {
  std::vector<HealableFile> files;
  for (const auto& [number, pack] : healer.packs()) {
    const VouchedPack& vouched = pack;
    files.push_back(
        {pack_path(number), pack.info.file_bytes,
         [vouched] { return std::make_unique<PackCheck>(vouched.info, vouched.session); },
         [vouched](Healer& by, const auto& take) { by.stream_pack(vouched.info.number, take); }});
  }
  for (const SealedSession& session : sessions) {
    for (std::size_t i = 0; i < session.manifest.parity_files(); ++i) {
      const ParityFileInfo info = ParityFileInfo::of(session.manifest, i);
      const Digest root = session.manifest.parity->roots[i];
      files.push_back({parity_path(session.number(), i), info.file_bytes(),
                       [info, root] { return std::make_unique<ParityCheck>(info, root); },
                       [info](Healer& by, const auto& take) {
                         by.stream_parity(info.session.number, info.index, take);
                       }});
    }
  }
  return files;
}

}  // namespace azekura::vault
