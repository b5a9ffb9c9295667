#include "cli/invocation.h"

#include "cli/exit_code.h"
#include "cli/help_format.h"
#include "cli/language.h"
#include "cli/parser_words.h"
#include "core/file_io.h"
#include "core/interrupt.h"
#include "core/text.h"
#include "vault/secret.h"

#include <CLI/Config.hpp>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <new>
#include <system_error>
#include <thread>

namespace azekura::cli {

namespace {

constexpr std::string_view kDefaultSite = "/var/lib/azekura";

void note_signal(int /*signal*/) { request_interrupt(); }

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = note_signal;  // NOLINT(cppcoreguidelines-pro-type-union-access): C library
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ::sigaction(signal, &action, nullptr);
  }
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of the write
}

/// What is opened next must not become standard output or error by accident.
void fill_closed_standard_files() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR)) {
    if (fd > STDERR_FILENO) {
      ::close(fd);
      return;
    }
  }
}

/// Pieces and blocks come and go by the MiB: memory that went back to the kernel each time would
/// be paid for in page faults.
void keep_freed_memory() {
  // NOLINTBEGIN(concurrency-mt-unsafe): there is no other thread yet
  ::mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
  // NOLINTEND(concurrency-mt-unsafe)
}

/// The parser's words, but for a command that does not exist: it only misses one.
std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = app.remaining(true);
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !unknown.empty() &&
      !unknown.front().starts_with('-')) {
    return text("there is no command '{}'", printable(unknown.front()));
  }
  return parser_words(error.what());
}

/// The text after the options in help.
std::string exit_code_help() {
  std::string table = text("Exit codes:") + "\n";
  for (const ExitCode& code : kExitCodes) {
    table += fmt::format("  {:>3}  {}\n", code.code, in_language(code.meaning));
  }
  return table;
}

int run_command(Invocation& invocation) {
  try {
    const int code = invocation.command();
    if (code != kDone) {  // what it says goes before where it could not be said
      invocation.output.only_reports();
    }
    invocation.output.finish();
    return code;
  } catch (const Error& error) {
    return invocation.output.error(error);
  } catch (const std::system_error& error) {  // no more threads
    return invocation.output.error(SystemError{error.code().value(), "get what the work needs"});
  } catch (const std::bad_alloc&) {
    return invocation.output.error(SystemError{ENOMEM, "get memory"});
  } catch (const std::exception& exception) {
    return invocation.output.error(InternalError{"unexpected: {}", exception.what()});
  }
}

}  // namespace

std::string Invocation::site_path() const {
  if (!site_option.empty()) {
    return absolute_path(site_option);
  }
  const char* const from_environment =
      std::getenv("AZEKURA_SITE");  // NOLINT(concurrency-mt-unsafe): one thread yet
  return absolute_path(from_environment != nullptr && *from_environment != '\0'
                           ? std::string{from_environment}
                           : std::string{kDefaultSite});
}

unsigned Invocation::threads() { return std::clamp(std::thread::hardware_concurrency(), 2U, 64U); }

CLI::App* add_command(CLI::App& parent, Invocation& invocation, const std::string& name,
                      const std::string& description) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->add_flag_callback(
      "--json", [&invocation] { invocation.output.use_json(); },
      "Results as JSON, one object a line (docs/json.md)");
  return command;
}

void set_up(CLI::App& app) {
  app.formatter(std::make_shared<HelpFormat>());
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(exit_code_help());
  add_language_option(app);
}

int run_invocation(CLI::App& app, Invocation& invocation, int argc, char** argv) {
  fill_closed_standard_files();
  keep_freed_memory();
  vault::forbid_core_dumps();
  catch_signals();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      return app.exit(error);
    }
    UsageError failure{"{}", what_is_wrong(app, error)};
    failure.set_hint(text("see '{} --help'", app.get_name()));
    return invocation.output.error(failure);
  }
  return run_command(invocation);
}

}  // namespace azekura::cli
