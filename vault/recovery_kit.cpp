#include "vault/recovery_kit.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "vault/kit_page.h"
#include "vault/recovery_share.h"

#include <fmt/format.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

namespace azekura::vault {

namespace {

constexpr unsigned kFileMode = 0600;
constexpr unsigned kDirectoryMode = 0700;

/// What a page says about the site, whatever kind of key it carries.
struct SiteLines {
  std::string name;
  std::string fingerprint;
  std::string id;
  std::optional<Digest> restore_digest;
};

void add_site(std::vector<std::string>& lines, const SiteLines& site) {
  lines.push_back(fmt::format("Site / 施設:  {}", site.name));
  lines.push_back(fmt::format("Site id / 施設番号:  {}", site.id));
  lines.push_back(fmt::format("Authority fingerprint / 認証鍵の指紋:  {}", site.fingerprint));
  lines.emplace_back();
}

/// `key_options`: how the key files are named on the command line.
void add_restore_steps(std::vector<std::string>& lines, const SiteLines& site,
                       std::string_view key_options) {
  lines.emplace_back();
  lines.emplace_back(
      "To restore, on any Linux machine that has no network, from a medium's folder:");
  lines.emplace_back("復元の手順 (ネットワークにつながっていない Linux 機で、媒体のフォルダから):");
  lines.emplace_back("  1.  sha256sum azekura-restore");
  if (site.restore_digest) {
    lines.push_back(fmt::format("      {}", site.restore_digest->hex()));
    lines.emplace_back("      Go on only if it is the same. 一致しなければ中止してください。");
  }
  lines.push_back(fmt::format("  2.  ./azekura-restore list --from . {}", key_options));
  lines.push_back(fmt::format("  3.  ./azekura-restore restore latest --from . {} --target TARGET",
                              key_options));
  lines.emplace_back();
  lines.emplace_back(
      "The lines below, typed into a file or scanned from the code, are all it needs.");
  lines.emplace_back("次の行をファイルに入力するか、コードを読み取れば復元に使えます。");
}

KitPage key_page(const SiteLines& site, std::string key_text) {
  KitPage page{"Azekura recovery key / 復旧鍵", {}, std::move(key_text)};
  add_site(page.lines, site);
  page.lines.insert(
      page.lines.end(),
      {"Whoever holds this key can read every backup of this site. Without it nobody can.",
       "Keep it in a safe, away from the backup host and from the media.",
       "Do not photograph it, send it or store it on a computer.",
       "この鍵を持つ人は、この施設のすべてのバックアップを読めます。なければ誰にも読めません。",
       "金庫に入れ、バックアップ機や媒体とは別の場所に保管してください。",
       "撮影、送信、コンピュータへの保存はしないでください。"});
  add_restore_steps(page.lines, site, "--key recovery.key");
  return page;
}

KitPage share_page(const SiteLines& site, const ShareScheme& scheme, unsigned number,
                   std::string key_text) {
  KitPage page{fmt::format("Azekura recovery share {} of {} / 復旧鍵の分割片 {}/{}", number,
                           scheme.count, number, scheme.count),
               {},
               std::move(key_text)};
  add_site(page.lines, site);
  page.lines.emplace_back("Holder / 保管者:  ____________________    Date / 日付:  ____________");
  page.lines.emplace_back();
  page.lines.push_back(
      fmt::format("Any {} of the {} shares together are the recovery key; fewer tell nothing.",
                  scheme.threshold, scheme.count));
  page.lines.emplace_back("Keep it in a safe of your own, and no two shares in one place.");
  page.lines.emplace_back("Do not photograph it, send it or store it on a computer.");
  page.lines.push_back(
      fmt::format("{}枚のうち任意の{}枚がそろうと復旧鍵になります。足りなければ何もわかりません。",
                  scheme.count, scheme.threshold));
  page.lines.emplace_back("各自の金庫に入れ、2枚を同じ場所に置かないでください。");
  page.lines.emplace_back("撮影、送信、コンピュータへの保存はしないでください。");
  add_restore_steps(page.lines, site,
                    fmt::format("--key share-{}-of-{}.txt --key ...", number, scheme.count));
  return page;
}

/// What the device has, not what memory remembers of writing it.
Secret read_from_device(const std::string& path, std::size_t size_max) {
  const UniqueFd file = open_file(path, O_RDONLY);
  constexpr off_t kWholeFile = 0;
  static_cast<void>(::posix_fadvise(file.get(), 0, kWholeFile, POSIX_FADV_DONTNEED));
  Secret room{size_max};
  const std::size_t size = read_some(file.get(), room.mutable_bytes(), path);
  return Secret::copy_of(room.bytes().first(size));
}

void write_compared(const std::string& path, std::string_view content) {
  replace_file(path, as_bytes(content), kFileMode);
  const Secret back = read_from_device(path, content.size() + 1);
  if (!equal_in_constant_time(back.bytes(), as_bytes(content))) {
    throw SystemError{EIO, "read back \"{}\" as it was written", printable(path)};
  }
}

void check_is(const RecoveryKey& restored, const RecoveryKey& key, const std::string& directory) {
  const KeyText restored_text{restored.text()};
  const KeyText key_text{key.text()};
  if (!equal_in_constant_time(as_bytes(restored_text.text), as_bytes(key_text.text))) {
    throw SystemError{EIO, "read the recovery key back from \"{}\"", printable(directory)};
  }
}

/// Writes a page as `stem`.txt and `stem`.svg.
void write_page(const std::string& stem, KitPage page) {
  const KeyText text{to_text(page)};
  const KeyText svg{to_svg(page)};
  const KeyText key_text{std::move(page.key_text)};
  write_compared(stem + ".txt", text.text);
  write_compared(stem + ".svg", svg.text);
}

void write_whole_key(const std::string& directory, const RecoveryKey& key, const SiteLines& site) {
  const std::string path = directory + "/recovery.key";
  const KeyText text{key.text()};
  write_compared(path, text.text);
  write_page(directory + "/recovery-kit", key_page(site, text.text));
  check_is(RecoveryKey::load(path), key, directory);
  check_is(RecoveryKey::load(directory + "/recovery-kit.txt"), key, directory);
}

std::string share_stem(const std::string& directory, unsigned number, unsigned count) {
  return fmt::format("{}/share-{}-of-{}", directory, number, count);
}

/// Combines every subset of `threshold` shares, as they are in the files.
void check_every_subset(const std::string& directory, const ShareScheme& scheme,
                        const RecoveryKey& key) {
  constexpr std::size_t kPageMax = 64 * kKiB;
  std::vector<Secret> files;
  for (unsigned number = 1; number <= scheme.count; ++number) {
    files.push_back(
        read_from_device(share_stem(directory, number, scheme.count) + ".txt", kPageMax));
  }
  std::vector<bool> chosen(scheme.count, false);
  std::fill_n(chosen.begin(), scheme.threshold, true);
  do {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (chosen[i]) {
        texts.emplace_back(as_text(files[i].bytes()));
      }
    }
    check_is(RecoveryKey::combine(texts), key, directory);
    for (std::string& text : texts) {
      wipe(std::as_writable_bytes(std::span{text}));
    }
  } while (std::prev_permutation(chosen.begin(), chosen.end()));
}

void write_shares(const std::string& directory, const RecoveryKey& key, const ShareScheme& scheme,
                  const SiteLines& site) {
  unsigned number = 0;
  for (std::string& text : key.split(scheme.threshold, scheme.count)) {
    ++number;
    write_page(share_stem(directory, number, scheme.count),
               share_page(site, scheme, number, std::move(text)));
  }
  check_every_subset(directory, scheme, key);
}

}  // namespace

void write_recovery_kit(const std::string& directory, const RecoveryKey& key,
                        const std::optional<ShareScheme>& shares, const std::string& site_name,
                        const std::optional<Digest>& restore_digest) {
  if (shares &&
      (shares->threshold < 2 || shares->threshold > shares->count || shares->count > kSharesMax)) {
    throw UsageError{
        "cannot split a key into {} shares of which any {} restore: 2 to {} shares, "
        "and at least 2 to restore",
        shares->count, shares->threshold, kSharesMax};
  }
  make_directory(directory, kDirectoryMode);
  if (!list_directory(directory).empty()) {
    throw UsageError{"the directory \"{}\" for the recovery kit is not empty",
                     printable(directory)};
  }
  const SiteLines site{printable(site_name), authority_fingerprint(key.authority().public_key()),
                       key.site().hex(), restore_digest};
  if (shares) {
    write_shares(directory, key, *shares, site);
  } else {
    write_whole_key(directory, key, site);
  }
}

}  // namespace azekura::vault
