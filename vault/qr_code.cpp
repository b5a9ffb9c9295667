#include "vault/qr_code.h"

#include "core/bytes.h"
#include "core/error.h"

#include <fmt/format.h>
#include <qrencode.h>

#include <iterator>
#include <memory>
#include <utility>

namespace azekura::vault {

namespace {

struct FreeQr {
  void operator()(QRcode* code) const noexcept { ::QRcode_free(code); }
};

}  // namespace

QrCode::QrCode(std::string_view text) : width_{0} {
  AZK_CHECK(std::in_range<int>(text.size()));
  constexpr int kSmallestVersion = 0;
  const std::unique_ptr<QRcode, FreeQr> code{::QRcode_encodeData(
      static_cast<int>(text.size()), as_uchar(as_bytes(text)), kSmallestVersion, QR_ECLEVEL_M)};
  AZK_CHECK(code != nullptr);
  width_ = static_cast<std::size_t>(code->width);
  dark_.reserve(width_ * width_);
  for (std::size_t i = 0; i < width_ * width_; ++i) {
    constexpr unsigned kDarkBit = 1;
    dark_.push_back((code->data[i] & kDarkBit) != 0);
  }
}

bool QrCode::is_dark(std::size_t column, std::size_t row) const noexcept {
  return column < width_ && row < width_ && dark_[row * width_ + column];
}

std::vector<std::string> QrCode::half_block_lines() const {
  constexpr std::string_view kBlocks[] = {" ", "\u2584", "\u2580", "\u2588"};
  std::vector<std::string> lines;
  const std::size_t side = width_ + 2 * kQrQuietModules;
  for (std::size_t row = 0; row < side; row += 2) {
    std::string line;
    for (std::size_t column = 0; column < side; ++column) {
      // In the quiet zone the subtraction wraps, which is outside the code as well.
      const std::size_t x = column - kQrQuietModules;
      const bool upper = is_dark(x, row - kQrQuietModules);
      const bool lower = is_dark(x, row + 1 - kQrQuietModules);
      line.append(kBlocks[(upper ? 2U : 0U) + (lower ? 1U : 0U)]);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string QrCode::svg_path() const {
  std::string path;
  for (std::size_t row = 0; row < width_; ++row) {
    for (std::size_t start = 0; start < width_; ++start) {
      std::size_t end = start;
      while (is_dark(end, row)) {
        ++end;
      }
      if (end > start) {
        fmt::format_to(std::back_inserter(path), "M{} {}h{}v1h-{}z", start, row, end - start,
                       end - start);
        start = end;
      }
    }
  }
  return path;
}

}  // namespace azekura::vault
