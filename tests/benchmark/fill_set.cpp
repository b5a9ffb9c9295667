// Fills a media set of a site with sessions of many small chunks, as years of nights would, without
// their bytes: for scripts/bench_memory.

#include "core/byte_writer.h"
#include "core/error.h"
#include "core/observer.h"
#include "vault/media_set.h"
#include "vault/session_writer.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

namespace azekura {

namespace {

constexpr std::uint32_t kChunkBytes = 32;
constexpr std::uint32_t kPieceChunks = 10'000;

void fill_session(vault::MediaSet& set, std::uint64_t first, std::uint64_t chunks) {
  vault::SessionWriter writer{set, 2};
  writer.begin_lane();
  const StreamId stream = writer.open_stream();
  for (std::uint64_t done = 0; done < chunks; done += kPieceChunks) {
    ByteWriter bytes;
    for (std::uint64_t i = 0; i < kPieceChunks; ++i) {
      bytes.u64(first + done + i).u64(0).u64(0).u64(0);
    }
    Piece piece;
    piece.bytes = bytes.take();
    piece.chunk_lengths.assign(kPieceChunks, kChunkBytes);
    writer.put(stream, std::move(piece));
  }
  writer.close_stream(stream);
  static_cast<void>(writer.wait(stream));
  vault::Generation generation;
  generation.host = "benchmark";
  generation.set_name = set.name();
  generation.site_file = set.site().site_file();
  static_cast<void>(writer.finish(generation));
}

}  // namespace

}  // namespace azekura

int main(int argc, char** argv) {
  using azekura::vault::MediaSet;
  using azekura::vault::Site;
  if (argc != 5) {
    fmt::print(stderr, "usage: fill-set SITE SET SESSIONS CHUNKS\n");
    return EXIT_FAILURE;
  }
  try {
    const Site site = Site::open(argv[1]);
    azekura::Observer silent;
    MediaSet set{site, argv[2], silent};
    const std::uint64_t sessions = std::stoull(argv[3]);
    const std::uint64_t chunks = std::stoull(argv[4]);
    for (std::uint64_t i = 0; i < sessions; ++i) {
      azekura::fill_session(set, i * chunks, chunks);
    }
    return EXIT_SUCCESS;
  } catch (const azekura::Error& error) {
    fmt::print(stderr, "fill-set: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
