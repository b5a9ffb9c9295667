#include "vault/disk_label.h"

#include "core/byte_reader.h"
#include "core/byte_writer.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/limits.h"

#include <fcntl.h>

#include <array>
#include <exception>

namespace azekura::vault {

namespace {

// docs/format.md, section 6: each a 32-bit length and the label.
constexpr std::array<std::uint64_t, 2> kLabelCopies{0, 512 * kKiB};
constexpr std::size_t kCopyBytesMax = limits::kLabelBytesMax + sizeof(std::uint32_t);

Label read_copy(int file, std::uint64_t offset, const std::string& device) {
  Buffer bytes(kCopyBytesMax);
  bytes.resize(read_some_at(file, bytes, offset, device));
  ByteReader in{bytes, "the label of the disk"};
  return Label::decode(in.long_bytes(limits::kLabelBytesMax));
}

}  // namespace

void write_disk_label(const std::string& device, const MediumLayout& layout, ByteView label) {
  AZK_CHECK(label.size() <= limits::kLabelBytesMax);
  const UniqueFd file = open_file(device, O_RDWR);
  const Buffer copy = ByteWriter{}.long_bytes(label).take();
  for (const std::uint64_t offset : kLabelCopies) {
    write_all_at(file.get(), copy, layout.label_offset + offset, device);
  }
  sync_file(file.get(), device);
}

Label read_disk_label(const std::string& device, const MediumLayout& layout) {
  const UniqueFd file = open_file(device, O_RDONLY);
  std::exception_ptr problem;
  for (const std::uint64_t offset : kLabelCopies) {
    try {
      return read_copy(file.get(), layout.label_offset + offset, device);
    } catch (const Error&) {
      problem = problem ? problem : std::current_exception();
    }
  }
  std::rethrow_exception(problem);
}

}  // namespace azekura::vault
