#pragma once

#include "core/byte_reader.h"
#include "core/byte_writer.h"
#include "core/entry.h"
#include "core/ids.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace azekura::vault {

/// How a connection of a medium ended.
enum class ConnectionEnd {
  unknown,   ///< the run was killed, or goes on
  detached,  ///< unmounted and flushed
  off,       ///< and powered off: nothing on the host reaches it
  released,  ///< unmounted only: the run attached it again soon
};
/// As JSON calls it: "unknown", "detached", "off", "released".
std::string_view name_of(ConnectionEnd end);

/// One time that a medium was attached to a host.
struct Connection {
  Timestamp attached;
  ConnectionEnd end = ConnectionEnd::unknown;
  double work_seconds = 0;                 ///< from attaching to detaching
  std::optional<double> overhang_seconds;  ///< from then until it was seen gone
  std::uint64_t bytes = 0;                 ///< written and read back
  std::uint32_t first_session = 0;         ///< sealed meanwhile; 0 if none was
  std::uint32_t last_session = 0;

  bool operator==(const Connection&) const = default;
};

struct MediumConnection {
  MediumId medium;
  Connection connection;

  bool operator==(const MediumConnection&) const = default;
};

/// As many go with each session onto the medium.
inline constexpr std::size_t kSealedConnectionsMax = 64;

/// docs/format.md, section 8, "connections"; times in milliseconds.
void encode_connections(ByteWriter& out, const std::vector<MediumConnection>& connections);
/// All that is left. Errors: DamageError.
std::vector<MediumConnection> decode_connections(ByteReader& in);

}  // namespace azekura::vault
