#include "vault/connection.h"

#include "core/tree_codec.h"

#include <array>
#include <cmath>
#include <limits>

namespace azekura::vault {

namespace {

constexpr std::array<std::string_view, 4> kEnds{"unknown", "detached", "off", "released"};
constexpr std::uint64_t kNotSeen = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMillisecondsMax = std::uint64_t{1} << 48;  // a double has every one
constexpr double kMillisecondsOfSecond = 1000;

std::uint64_t to_milliseconds(double seconds) {
  return static_cast<std::uint64_t>(std::llround(seconds * kMillisecondsOfSecond));
}

double to_seconds(ByteReader& in, std::uint64_t milliseconds) {
  if (milliseconds > kMillisecondsMax) {
    in.fail("a connection that is too long");
  }
  return static_cast<double>(milliseconds) / kMillisecondsOfSecond;
}

MediumConnection decode_connection(ByteReader& in) {
  MediumConnection one;
  one.medium = in.id<MediumId>();
  Connection& connection = one.connection;
  connection.attached = decode_time(in);
  const std::uint8_t end = in.u8();
  if (end >= kEnds.size()) {
    in.fail("an unknown end of a connection");
  }
  connection.end = static_cast<ConnectionEnd>(end);
  connection.work_seconds = to_seconds(in, in.u64());
  if (const std::uint64_t overhang = in.u64(); overhang != kNotSeen) {
    connection.overhang_seconds = to_seconds(in, overhang);
  }
  connection.bytes = in.u64();
  connection.first_session = in.u32();
  connection.last_session = in.u32();
  return one;
}

}  // namespace

std::string_view name_of(ConnectionEnd end) { return kEnds.at(static_cast<std::size_t>(end)); }

void encode_connections(ByteWriter& out, const std::vector<MediumConnection>& connections) {
  out.u32(static_cast<std::uint32_t>(connections.size()));
  for (const auto& [medium, one] : connections) {
    out.id(medium).i64(one.attached.seconds).u32(one.attached.nanoseconds);
    out.u8(static_cast<std::uint8_t>(one.end));
    out.u64(to_milliseconds(one.work_seconds));
    out.u64(one.overhang_seconds ? to_milliseconds(*one.overhang_seconds) : kNotSeen);
    out.u64(one.bytes).u32(one.first_session).u32(one.last_session);
  }
}

std::vector<MediumConnection> decode_connections(ByteReader& in) {
  const std::uint32_t count = in.u32();
  if (count == 0 || count > kSealedConnectionsMax) {
    in.fail("no connections of its media or too many");
  }
  std::vector<MediumConnection> connections;
  for (std::uint32_t i = 0; i < count; ++i) {
    connections.push_back(decode_connection(in));
  }
  in.expect_end();
  return connections;
}

}  // namespace azekura::vault
