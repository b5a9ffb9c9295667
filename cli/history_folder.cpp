#include "cli/history_folder.h"

#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace azekura::cli {

namespace {

std::string environment(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read before there are threads
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string default_folder() {
  const std::string state = environment("XDG_STATE_HOME");
  if (!state.empty()) {
    return state + "/azekura-verify";
  }
  return ::geteuid() == 0 ? "/var/lib/azekura-verify"
                          : environment("HOME") + "/.local/state/azekura-verify";
}

}  // namespace

std::string history_folder(const std::string& wanted) {
  std::string folder = absolute_path(wanted.empty() ? default_folder() : wanted);
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) {
    throw SystemError{problem.value(), "make folder \"{}\"", printable(folder)};
  }
  return folder;
}

}  // namespace azekura::cli
