#include "chunker/content_class.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace azekura::chunker {

namespace {

using std::string_view_literals::operator""sv;

/// Bytes at a place by which a format can be told.
struct Mark {
  std::size_t offset = 0;
  std::string_view bytes;
};

constexpr std::array<Mark, 12> kPages{{
    {0, "SQLite format 3\0"sv},
    {0, "\x01\x0F\x00\x00"sv},   // SQL Server: the file header page
    {24, "\x00\x08\x00\x00"sv},  // InnoDB: page 0 is a space header
    {0, "QFI\xFB"sv},            // qcow2
    {0, "KDMV"sv},               // VMDK
    {0, "vhdxfile"sv},
    {0x40, "\x7F\x10\xDA\xBE"sv},  // VDI
    {0, "LUKS\xBA\xBE"sv},
    {510, "\x55\xAA"sv},  // MBR, GPT, FAT, NTFS
    {0, "XFSB"sv},
    {1080, "\x53\xEF"sv},  // ext2 to ext4
    {536, "LVM2 001"sv},
}};

constexpr std::array<Mark, 15> kWrittenOnce{{
    {128, "DICM"sv},
    {0, "\xFF\xD8\xFF"sv},  // JPEG
    {0, "\x00\x00\x00\x0CjP  "sv},
    {0, "\x89PNG\r\n\x1A\n"sv},
    {4, "ftyp"sv},              // MP4 and its kin
    {0, "\x1A\x45\xDF\xA3"sv},  // Matroska
    {0, "\x00\x00\x01\xBA"sv},  // MPEG
    {0, "PK\x03\x04"sv},
    {0, "\x1F\x8B\x08"sv},  // gzip
    {0, "BZh"sv},
    {0, "\xFD\x37zXZ\x00"sv},
    {0, "\x28\xB5\x2F\xFD"sv},  // zstd
    {0, "7z\xBC\xAF\x27\x1C"sv},
    {0, "Rar!\x1A\x07"sv},
    {0, "\x04\x22\x4D\x18"sv},  // LZ4
}};

template <std::size_t kCount>
bool has_mark(std::string_view head, const std::array<Mark, kCount>& marks) noexcept {
  return std::any_of(marks.begin(), marks.end(), [&](const Mark& mark) {
    return head.size() >= mark.offset && head.substr(mark.offset).starts_with(mark.bytes);
  });
}

std::size_t little_endian_16(ByteView bytes, std::size_t at) noexcept {
  return std::to_integer<std::size_t>(bytes[at]) | std::to_integer<std::size_t>(bytes[at + 1])
                                                       << 8U;
}

/// The header of a page: PostgreSQL 8.3 and later, pages of 8 KiB.
/// Source: PostgreSQL 15, "Database Page Layout".
bool is_postgresql_page(ByteView head) noexcept {
  constexpr std::size_t kHeader = 24;
  constexpr std::size_t kPage = 8 * kKiB;
  constexpr std::size_t kSizeAndVersion = kPage | 4;
  if (head.size() < kHeader || little_endian_16(head, 18) != kSizeAndVersion) {
    return false;
  }
  const std::size_t lower = little_endian_16(head, 12);
  const std::size_t upper = little_endian_16(head, 14);
  const std::size_t special = little_endian_16(head, 16);
  return kHeader <= lower && lower <= upper && upper <= special && special <= kPage;
}

}  // namespace

ContentClass class_of(ByteView head) noexcept {
  const std::string_view text = as_text(head);
  if (is_postgresql_page(head) || has_mark(text, kPages)) {
    return ContentClass::pages;
  }
  return has_mark(text, kWrittenOnce) ? ContentClass::written_once : ContentClass::other;
}

}  // namespace azekura::chunker
