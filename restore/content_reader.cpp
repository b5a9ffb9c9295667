#include "restore/content_reader.h"

#include "core/file_io.h"
#include "core/interrupt.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/tree_codec.h"
#include "restore/report.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <span>
#include <vector>

namespace azekura::restore {

namespace {

constexpr std::uint64_t kInMemoryMax = 64 * kMiB;
constexpr std::size_t kFetchedAtOnce = 16'384;
constexpr std::size_t kPiece = 1 * kMiB;

WantedExtent wanted_of(const Extent& extent) {
  if (extent.length > limits::kPackPlainMax) {
    throw DamageError{"an extent of {} bytes is larger than a pack", extent.length};
  }
  return {extent.position, static_cast<std::uint32_t>(extent.length), extent.digest};
}

/// Extents of at most kInMemoryMax bytes together, and how they turned out.
class MemoryReceiver : public ExtentReceiver {
 public:
  explicit MemoryReceiver(std::span<const WantedExtent> wanted) : results_(wanted.size()) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      results_[i].bytes.reserve(wanted[i].length);
    }
  }

  void bytes(std::size_t index, std::uint64_t offset, ByteView bytes) override {
    throw_if_interrupted();
    AZK_CHECK(offset == results_[index].bytes.size());
    append(results_[index].bytes, bytes);
  }
  void proven(std::size_t index) override { results_[index].is_proven = true; }
  void failed(std::size_t index, const Error& error) override { results_[index].error = error; }

  [[nodiscard]] bool has_failed(std::size_t index) const {
    return results_[index].error.has_value();
  }
  /// The bytes of an extent. Errors: why it cannot be had.
  [[nodiscard]] ByteView get(std::size_t index, std::uint64_t length) const {
    const Result& result = results_[index];
    if (result.error) {
      throw Error{*result.error};
    }
    AZK_CHECK(result.is_proven && result.bytes.size() == length);
    return result.bytes;
  }

 private:
  struct Result {
    Buffer bytes;
    bool is_proven = false;
    std::optional<Error> error;
  };
  std::vector<Result> results_;
};

/// Some bytes of a file, from chunks that may have more.
class RangeReceiver : public ExtentReceiver {
 public:
  /// `begins`: where the chunks begin, from the range's begin.
  RangeReceiver(MutableBytes range, std::span<const std::int64_t> begins)
      : range_{range}, begins_{begins} {}

  void bytes(std::size_t index, std::uint64_t offset, ByteView bytes) override {
    const std::int64_t begin = begins_[index] + static_cast<std::int64_t>(offset);
    const std::int64_t from = std::max<std::int64_t>(begin, 0);
    const std::int64_t to = std::min(begin + std::ssize(bytes), std::ssize(range_));
    if (from < to) {
      std::copy(bytes.begin() + (from - begin), bytes.begin() + (to - begin),
                range_.begin() + from);
    }
  }
  void proven(std::size_t /*index*/) override { ++proven_; }
  void failed(std::size_t /*index*/, const Error& /*error*/) override {}

  [[nodiscard]] bool is_whole() const { return proven_ == begins_.size(); }

 private:
  MutableBytes range_;
  std::span<const std::int64_t> begins_;
  std::size_t proven_ = 0;
};

/// Counts the extents that can be had.
class CountingReceiver : public ExtentReceiver {
 public:
  void bytes(std::size_t /*index*/, std::uint64_t /*offset*/, ByteView /*bytes*/) override {
    throw_if_interrupted();
  }
  void proven(std::size_t /*index*/) override { ++proven_; }
  void failed(std::size_t /*index*/, const Error& /*error*/) override {}

  [[nodiscard]] std::size_t proven_count() const { return proven_; }

 private:
  std::size_t proven_ = 0;
};

/// One extent, kept in a file.
class SpillReceiver : public ExtentReceiver {
 public:
  SpillReceiver(int fd, const std::string& name) : fd_{fd}, name_{name} {}

  void bytes(std::size_t /*index*/, std::uint64_t offset, ByteView bytes) override {
    throw_if_interrupted();
    AZK_CHECK(offset == size_);
    write_all_at(fd_, bytes, offset, name_);
    size_ += bytes.size();
  }
  void proven(std::size_t /*index*/) override { is_proven_ = true; }
  void failed(std::size_t /*index*/, const Error& error) override { error_ = error; }

  [[nodiscard]] bool has_failed() const { return error_.has_value(); }
  [[nodiscard]] bool is_proven() const { return is_proven_; }
  /// Errors: why the extent cannot be had.
  void expect(std::uint64_t length) const {
    if (error_) {
      throw Error{*error_};
    }
    AZK_CHECK(is_proven_ && size_ == length);
  }

 private:
  int fd_;
  const std::string& name_;
  std::uint64_t size_ = 0;
  bool is_proven_ = false;
  std::optional<Error> error_;
};

/// Where else the bytes of the file may be; if nowhere, `source` is nullptr.
struct Spare {
  SpareSource* source;
  const std::string& path;
};

void write_zeros(std::uint64_t length, const ByteOutput& output) {
  const Buffer zeros(static_cast<std::size_t>(std::min<std::uint64_t>(length, kPiece)),
                     std::byte{0});
  while (length > 0) {
    throw_if_interrupted();
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(length, zeros.size()));
    output(ByteView{zeros}.first(count));
    length -= count;
  }
}

void write_in_memory(ExtentSource& source, const Spare& spare, std::uint64_t offset,
                     std::span<const Extent> extents, const ByteOutput& output) {
  std::vector<WantedExtent> wanted;
  for (const Extent& extent : extents) {
    wanted.push_back(wanted_of(extent));
  }
  MemoryReceiver receiver{wanted};
  source.fetch(wanted, receiver);
  for (std::size_t i = 0; i < extents.size(); ++i) {
    if (receiver.has_failed(i) && spare.source != nullptr) {
      MemoryReceiver again{{&wanted[i], 1}};
      spare.source->fetch(spare.path, offset, wanted[i], again);
      output(again.has_failed(0) ? receiver.get(i, 0) : again.get(0, extents[i].length));
    } else {
      output(receiver.get(i, extents[i].length));
    }
    offset += extents[i].length;
  }
}

void write_through_file(ExtentSource& source, const Spare& spare, std::uint64_t at,
                        const Extent& extent, const ByteOutput& output, const SpillFile& spill) {
  const int file = spill.fd();
  const WantedExtent wanted = wanted_of(extent);
  SpillReceiver receiver{file, spill.directory()};
  source.fetch({&wanted, 1}, receiver);
  SpillReceiver again{file, spill.directory()};
  if (receiver.has_failed() && spare.source != nullptr) {
    spare.source->fetch(spare.path, at, wanted, again);
  }
  (again.is_proven() ? again : receiver).expect(extent.length);
  Buffer piece(kPiece);
  std::uint64_t offset = 0;
  while (offset < extent.length) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(extent.length - offset, piece.size()));
    const MutableBytes part = MutableBytes{piece}.first(count);
    if (read_some_at(file, part, offset, spill.directory()) != count) {
      throw SystemError{EIO, "read back {} bytes kept in \"{}\"", count,
                        printable(spill.directory())};
    }
    output(part);
    offset += count;
  }
}

/// How many data extents from the front on fit in memory together.
std::size_t count_fitting(std::span<const Extent> extents) {
  std::uint64_t sum = 0;
  std::size_t count = 0;
  const std::size_t most = std::min(extents.size(), kFetchedAtOnce);
  while (count < most && extents[count].kind == ExtentKind::data &&
         extents[count].length <= kInMemoryMax - sum) {
    sum += extents[count].length;
    ++count;
  }
  return count;
}

}  // namespace

void write_content(ExtentSource& source, const Content& content, const ByteOutput& output,
                   const SpillFile& spill, SpareSource* spare, const std::string& path) {
  const std::vector<Extent> extents = resolve_extents(source, content);
  if (covered_bytes(extents) != content.size) {
    throw DamageError{"extents do not cover a content of {} bytes", content.size};
  }
  const Spare elsewhere{spare, path};
  std::uint64_t offset = 0;
  std::span<const Extent> rest{extents};
  while (!rest.empty()) {
    throw_if_interrupted();
    std::size_t done = 1;
    if (rest.front().kind != ExtentKind::data) {
      write_zeros(rest.front().length, output);
    } else if (rest.front().length > kInMemoryMax) {
      write_through_file(source, elsewhere, offset, rest.front(), output, spill);
    } else {
      done = count_fitting(rest);
      write_in_memory(source, elsewhere, offset, rest.first(done), output);
    }
    offset += covered_bytes(rest.first(done));
    rest = rest.subspan(done);
  }
}

std::optional<Buffer> read_range(ExtentSource& source, std::span<const Extent> extents,
                                 std::uint64_t offset, std::uint32_t length) {
  Buffer range(length, std::byte{0});  // what holes are
  std::vector<WantedExtent> wanted;
  std::vector<std::int64_t> begins;
  std::uint64_t end = 0;
  for (const Extent& extent : extents) {
    const std::uint64_t begin = end;
    end += extent.length;
    if (end <= offset || begin >= offset + length || extent.kind != ExtentKind::data) {
      continue;
    }
    if (extent.length > limits::kPackPlainMax) {
      return std::nullopt;
    }
    const std::vector<WantedExtent> chunks = source.chunks_of(wanted_of(extent));
    if (chunks.empty()) {
      return std::nullopt;
    }
    for (const WantedExtent& chunk : chunks) {
      const std::uint64_t at = begin + (chunk.position.byte - extent.position.byte);
      if (at < offset + length && at + chunk.length > offset) {
        wanted.push_back(chunk);
        begins.push_back(static_cast<std::int64_t>(at - offset));
      }
    }
  }
  RangeReceiver receiver{range, begins};
  source.fetch(wanted, receiver);
  return end >= offset + length && receiver.is_whole() ? std::optional{std::move(range)}
                                                       : std::nullopt;
}

bool is_whole(ExtentSource& source, const Content& content) {
  try {
    const std::vector<Extent> extents = resolve_extents(source, content);
    if (covered_bytes(extents) != content.size || source.mismatch(content, extents)) {
      return false;
    }
    std::vector<WantedExtent> wanted;
    for (const Extent& extent : extents) {
      if (extent.kind == ExtentKind::data) {
        wanted.push_back(wanted_of(extent));
      }
    }
    CountingReceiver receiver;
    source.fetch(wanted, receiver);
    return receiver.proven_count() == wanted.size();
  } catch (const Error& error) {
    if (!concerns_one_item(error)) {
      throw;
    }
    return false;
  }
}

}  // namespace azekura::restore
