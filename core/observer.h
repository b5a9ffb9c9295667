#pragma once

#include <cstdint>
#include <string_view>

namespace azekura {

/// Events leaving the engine; every method does nothing unless overridden.
/// Threads: called from the thread that runs the operation. Paths are raw bytes.
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  /// A new part of the work begins; `total_bytes` is 0 if unknown.
  virtual void phase(std::string_view /*name*/, std::uint64_t /*total_bytes*/) {}
  /// So many more bytes of this phase are done.
  virtual void advanced(std::uint64_t /*bytes*/) {}
  /// A source item is incomplete in the snapshot, or a restored one lacks something.
  virtual void flawed(std::string_view /*path*/, std::string_view /*reason*/) {}
  /// A source item is no part of the snapshot, because its source excludes it.
  virtual void excluded(std::string_view /*path*/) {}
  /// A restored item is without `what` ("device", "owner"), which was not asked for.
  virtual void left_out(std::string_view /*path*/, std::string_view /*what*/) {}
  /// A restored item is without `what`, which could not be set.
  virtual void not_set(std::string_view /*path*/, std::string_view /*what*/,
                       std::string_view /*reason*/) {}
  /// Something a person should know; the result is as requested.
  virtual void notice(std::string_view /*text*/) {}
};

}  // namespace azekura
