// Prints what cutting costs on this machine: GB/s of one thread's CPU time, medians.
//
// Usage: cutter-benchmark [FILE...]
// Cuts random bytes, text of few words, and the beginning of each file, in every form of the
// cutter; then feeds random bytes through a ChunkFeed into a sink that keeps nothing.

#include "chunker/chunk_feed.h"
#include "chunker/cutter.h"
#include "tests/support/memory_sink.h"
#include "tests/support/random_bytes.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace azekura::tests {

namespace {

using chunker::ChunkFeed;
using chunker::ChunkTarget;
using chunker::Cutter;
using chunker::GearForm;

constexpr std::size_t kHotBytes = 768 * kKiB;  ///< stays in L2
constexpr int kSamples = 41;
constexpr int kRoundsPerSample = 16;

const std::vector<std::pair<GearForm, const char*>> kForms{
    {GearForm::portable, "portable"}, {GearForm::avx2, "AVX2"}, {GearForm::avx512, "AVX-512"}};

struct Data {
  std::string name;
  Buffer bytes;
};

/// Takes pieces as the vault does, and drops them.
class DroppingSink : public MemorySink {
 public:
  StreamId open_stream() override { return StreamId{1}; }
  void put(StreamId /*stream*/, Piece piece) override { chunks += piece.chunk_lengths.size(); }
  void put_gap(StreamId /*stream*/, ExtentKind /*kind*/, std::uint64_t /*length*/) override {}
  void close_stream(StreamId /*stream*/) override {}

  std::size_t chunks = 0;
};

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <typename Step>
double gigabytes_per_second(std::size_t bytes, const Step& step) {
  std::vector<double> speeds;
  for (int sample = 0; sample < kSamples; ++sample) {
    const double start = cpu_seconds();
    for (int round = 0; round < kRoundsPerSample; ++round) {
      step();
    }
    speeds.push_back(1e-9 * static_cast<double>(bytes) * kRoundsPerSample /
                     (cpu_seconds() - start));
  }
  std::nth_element(speeds.begin(), speeds.begin() + kSamples / 2, speeds.end());
  return speeds[kSamples / 2];
}

Buffer begin_of_file(const char* name) {
  std::ifstream file{name, std::ios::binary};
  std::string text(kHotBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  const ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

void print_cutting(const Data& data) {
  for (const ChunkTarget target :
       {ChunkTarget::tiny, ChunkTarget::small, ChunkTarget::medium, ChunkTarget::large}) {
    std::printf("cut  %-24s T = %3u KiB ", data.name.c_str(),
                static_cast<unsigned>(target) / static_cast<unsigned>(kKiB));
    for (const auto& [form, name] : kForms) {
      if (const chunker::GearScan scan = chunker::find_gear_scan(form)) {
        const Cutter cutter{make_cutter_key(1), target, scan};
        std::printf("  %s %5.1f", name,
                    gigabytes_per_second(data.bytes.size(), [&] { (void)cutter.cut(data.bytes); }));
      }
    }
    std::printf("\n");
  }
}

void print_feeding(const Buffer& bytes) {
  constexpr std::size_t kStreamBytes = 16 * kMiB;
  DroppingSink sink;
  for (const auto& [form, name] : kForms) {
    if (const chunker::GearScan scan = chunker::find_gear_scan(form)) {
      const Cutter cutter{sink.cutter_key(), chunker::ChunkTarget::medium, scan};
      std::printf("feed random, %s %5.1f\n", name, gigabytes_per_second(kStreamBytes, [&] {
                    ChunkFeed feed{sink, cutter};
                    while (feed.size() < kStreamBytes) {
                      const MutableBytes room = feed.space(bytes.size());
                      std::memcpy(room.data(), bytes.data(), bytes.size());
                      feed.fill(bytes.size());
                    }
                    feed.finish();
                  }));
    }
  }
}

}  // namespace

}  // namespace azekura::tests

int main(int count, char** arguments) {
  using azekura::tests::kHotBytes;
  const std::vector<std::string> words{"patient", "ward",       "3",     "dose",     "mg", "nurse",
                                       "call",    "x-ray",      "blood", "ok",       "A",  "the",
                                       "of",      "2026-02-14", "to",    "discharge"};
  std::vector<azekura::tests::Data> inputs{
      {"random", azekura::tests::random_bytes(1, kHotBytes)},
      {"text", azekura::tests::random_text(words, 2, kHotBytes)}};
  for (int i = 1; i < count; ++i) {
    inputs.push_back({arguments[i], azekura::tests::begin_of_file(arguments[i])});
  }
  for (const azekura::tests::Data& data : inputs) {
    azekura::tests::print_cutting(data);
  }
  azekura::tests::print_feeding(azekura::tests::random_bytes(3, azekura::kMiB));
  return 0;
}
