#include "core/run_program.h"

#include "core/bytes.h"
#include "core/error.h"
#include "core/file_io.h"
#include "core/text.h"
#include "core/unique_fd.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace azekura {

namespace {

constexpr std::size_t kPrintedBytesMax = 2000;

class SpawnActions {
 public:
  explicit SpawnActions(int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// All it prints until it ends; the last of it is kept.
std::string read_to_end(int pipe, const std::string& program) {
  std::string printed;
  Buffer bytes(kPrintedBytesMax);
  while (const std::size_t count = read_some(pipe, bytes, program)) {
    printed += as_text(ByteView{bytes}.first(count));
    printed.erase(0, printed.size() > kPrintedBytesMax ? printed.size() - kPrintedBytesMax : 0);
  }
  return printed;
}

/// In one line, and without how the program is called, which many print whatever was wrong.
std::string reason_in(std::string printed) {
  printed.erase(std::min(printed.find("Usage:"), printed.size()));
  while (!printed.empty() && printed.back() == '\n') {
    printed.pop_back();
  }
  std::replace(printed.begin(), printed.end(), '\n', ' ');
  return printable(printed);
}

int wait_for(pid_t child, const std::string& program) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      throw SystemError{errno, "wait for '{}'", program};
    }
  }
  return status;
}

}  // namespace

void run_program(const std::vector<std::string>& command) {
  const std::string& program = command.front();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw SystemError{errno, "prepare to run '{}'", program};
  }
  const UniqueFd read_end{ends[0]};
  UniqueFd write_end{ends[1]};
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): posix_spawn does not change them
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const SpawnActions actions{write_end.get()};
  pid_t child = -1;
  const int refused =
      ::posix_spawnp(&child, program.c_str(), actions.get(), nullptr, arguments.data(), ::environ);
  if (refused != 0) {
    SystemError error{refused, "run '{}'", program};
    error.set_hint("install the package that has this program");
    throw SystemError{error};
  }
  write_end = UniqueFd{};
  const std::string printed = read_to_end(read_end.get(), program);
  const int status = wait_for(child, program);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw MediumError{"'{}' failed: {}", program, reason_in(printed)};
  }
}

}  // namespace azekura
