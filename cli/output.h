#pragma once

#include "core/error.h"
#include "core/observer.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace azekura::cli {

using Json = nlohmann::ordered_json;

/// What a command says: results on stdout as text or, with --json, one object a line; diagnosis
/// and progress on stderr. Every raw name goes through printable(). A text given is a message, or
/// text() of one. docs/json.md.
class Output final : public Observer {
 public:
  explicit Output(std::string_view program);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() override;

  void use_json() noexcept { json_ = true; }
  [[nodiscard]] bool is_json() const noexcept { return json_; }

  /// A line for a person; nothing with --json.
  void line(std::string_view text);
  /// An object for a program; nothing without --json.
  void object(const Json& object);
  /// A line on stderr that a person should act on.
  void warn(std::string_view text);
  /// Error, attempts and hint on stderr, and with --json an object; returns the exit code.
  int error(const Error& error);
  /// Items whose names were not said, because this is no terminal.
  [[nodiscard]] std::uint64_t unnamed_flaws() const noexcept { return unnamed_flaws_; }
  /// Items that their source excludes.
  [[nodiscard]] std::uint64_t excluded_items() const noexcept { return excluded_items_; }
  /// What was asked for is done and stays done: from now on, what stdout does not take is only
  /// warned of.
  void only_reports() noexcept { only_reports_ = true; }
  /// Lets people see what was said so far: there is a long wait ahead.
  void show_now();
  /// Flushes stdout. Errors: SystemError if results could not be written.
  void finish();

  void phase(std::string_view name, std::uint64_t total_bytes) override;
  void advanced(std::uint64_t bytes) override;
  void flawed(std::string_view path, std::string_view reason) override;
  void excluded(std::string_view /*path*/) override { ++excluded_items_; }
  void notice(std::string_view text) override;

 private:
  void print_result(std::string_view text);
  /// On stderr. `form`: of the program and the message.
  void print_message(std::string_view form, std::string_view message);
  void show_progress();
  void clear_progress();
  void end_phase();

  std::string program_;
  bool json_ = false;
  bool only_reports_ = false;
  int unwritten_ = 0;  ///< errno of the first result that stdout did not take
  bool terminal_;      ///< stderr is one
  std::string phase_;
  std::uint64_t total_ = 0;
  std::uint64_t done_ = 0;
  double phase_begun_ = 0;
  double shown_ = 0;
  bool progress_on_line_ = false;
  std::uint64_t unnamed_flaws_ = 0;
  std::uint64_t excluded_items_ = 0;
};

/// A raw name for JSON: UTF-8 as it is under `key`; any other bytes in hex under `key`_hex.
void put_name(Json& object, const std::string& key, std::string_view raw);

}  // namespace azekura::cli
