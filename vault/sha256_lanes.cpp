#include "vault/sha256_lanes.h"

#include <algorithm>
#include <array>
#include <optional>

namespace azekura::vault {

namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::byte kEndOfMessage{0x80};

/// A message on its way: its whole blocks, then one or two of what is left, padded.
class Message {
 public:
  Message(const Sha256Words& start, std::uint64_t begun, ByteView bytes, std::size_t index) noexcept
      : index_{index}, blocks_{bytes.size() / kSha256BlockBytes} {
    lane_.words = start;
    lane_.next = bytes.data();
    const ByteView rest = bytes.subspan(blocks_ * kSha256BlockBytes);
    end_blocks_ = rest.size() < kSha256BlockBytes - kLengthBytes ? 1 : 2;
    std::copy(rest.begin(), rest.end(), end_.begin());
    end_.at(rest.size()) = kEndOfMessage;
    std::uint64_t bits = (begun * kSha256BlockBytes + bytes.size()) * 8;
    for (std::size_t i = 1; i <= kLengthBytes; ++i) {
      end_.at(end_blocks_ * kSha256BlockBytes - i) = static_cast<std::byte>(bits & 0xFFU);
      bits >>= 8U;
    }
    begin_end_if_due();
  }
  Message(const Message&) = delete;  // its lane points into it
  Message& operator=(const Message&) = delete;
  ~Message() = default;

  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] Sha256Lane& lane() noexcept { return lane_; }
  /// That can be taken from the lane now; 0 if all were.
  [[nodiscard]] std::size_t blocks() const noexcept { return blocks_; }
  void took(std::size_t blocks) noexcept {
    blocks_ -= blocks;
    begin_end_if_due();
  }

 private:
  void begin_end_if_due() noexcept {
    if (blocks_ == 0 && end_blocks_ > 0) {
      lane_.next = end_.data();
      blocks_ = end_blocks_;
      end_blocks_ = 0;
    }
  }

  Sha256Lane lane_;
  std::size_t index_;
  std::size_t blocks_;
  std::size_t end_blocks_ = 0;  ///< not begun yet
  std::array<std::byte, 2 * kSha256BlockBytes> end_{};
};

Digest digest_of(const Sha256Words& words) noexcept {
  Digest digest;
  const MutableBytes bytes = digest.mutable_bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t bits_after = 24 - 8 * (i % sizeof(std::uint32_t));
    bytes[i] = static_cast<std::byte>((words.at(i / sizeof(std::uint32_t)) >> bits_after) & 0xFFU);
  }
  return digest;
}

}  // namespace

void hash_in_lanes(const Sha256Words& start, std::uint64_t begun,
                   std::span<const ByteView> messages, std::span<Digest> digests) noexcept {
  std::optional<Message> one;
  std::optional<Message> other;
  std::size_t next = 0;
  const auto refill = [&](std::optional<Message>& message) {
    if (!message && next < messages.size()) {
      message.emplace(start, begun, messages[next], next);
      ++next;
    }
  };
  const auto took = [&](std::optional<Message>& message, std::size_t blocks) {
    message->took(blocks);
    if (message->blocks() == 0) {
      digests[message->index()] = digest_of(message->lane().words);
      message.reset();
    }
  };
  for (refill(one), refill(other); one && other; refill(one), refill(other)) {
    const std::size_t blocks = std::min(one->blocks(), other->blocks());
    compress_two(one->lane(), other->lane(), blocks);
    took(one, blocks);
    took(other, blocks);
  }
  for (std::optional<Message>* const last : {&one, &other}) {
    while (*last) {
      const std::size_t blocks = (*last)->blocks();
      compress_one((*last)->lane(), blocks);
      took(*last, blocks);
    }
  }
}

}  // namespace azekura::vault
