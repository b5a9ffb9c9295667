#include "vault/healable_file.h"

#include "core/interrupt.h"

namespace azekura::vault {

void HealableFile::expect_healed(Healer& healer) const {
  expect_whole([&](const auto& take) {
    stream_healed(healer, [&](ByteView part) {
      throw_if_interrupted();
      take(part);
    });
  });
}

std::vector<HealableFile> healable_files(std::span<const SealedSession> sessions,
                                         const Healer& healer) {
  std::vector<HealableFile> files;
  for (const auto& [number, vouched] : healer.packs()) {
    const std::uint32_t pack = number;
    files.push_back({checked_pack(vouched.info, vouched.session),
                     [pack](Healer& by, const auto& take) { by.stream_pack(pack, take); }});
  }
  for (const SealedSession& session : sessions) {
    const std::uint32_t number = session.number();
    for (std::size_t i = 0; i < session.manifest.parity_files(); ++i) {
      files.push_back(
          {checked_parity(session.manifest, i),
           [number, i](Healer& by, const auto& take) { by.stream_parity(number, i, take); }});
    }
  }
  return files;
}

}  // namespace azekura::vault
