#include "chunker/child_process.h"

#include "chunker/source_error.h"
#include "core/messages.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace azekura::chunker {

namespace {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe(const std::string& command) {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
    throw_source_error(errno, "make a pipe for", command);
  }
  return {UniqueFd{fds[0]}, UniqueFd{fds[1]}};
}

/// What the child needs, prepared before the fork: other threads may hold any lock.
struct Launch {
  const char* command;
  int input;
  int output;
  int errors;
  int failure;  ///< told errno if the shell cannot be run; closed by the kernel if it can
  pid_t parent;
};

[[noreturn]] void run_child(const Launch& launch) {
  // Only async-signal-safe calls from here on.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == launch.parent && ::setpgid(0, 0) == 0 &&
      ::dup2(launch.input, STDIN_FILENO) >= 0 && ::dup2(launch.output, STDOUT_FILENO) >= 0 &&
      ::dup2(launch.errors, STDERR_FILENO) >= 0) {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &standard, nullptr);
    sigset_t none{};
    ::sigemptyset(&none);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the child has one thread
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execl("/bin/sh", "sh", "-c", launch.command, static_cast<char*>(nullptr));
  }
  const int error_number = errno;
  [[maybe_unused]] const ssize_t told = ::write(launch.failure, &error_number, sizeof error_number);
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const std::string& command) {
  Pipe output = make_pipe(command);
  Pipe errors = make_pipe(command);
  Pipe failure = make_pipe(command);
  const UniqueFd input{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  if (!input.is_open() || ::fcntl(errors.read_end.get(), F_SETFL, O_NONBLOCK) != 0) {
    throw_source_error(errno, "prepare to run", command);
  }
  const Launch launch{.command = command.c_str(),
                      .input = input.get(),
                      .output = output.write_end.get(),
                      .errors = errors.write_end.get(),
                      .failure = failure.write_end.get(),
                      .parent = ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) {
    throw_source_error(errno, "run", command);
  }
  if (pid == 0) {
    run_child(launch);
  }
  pid_ = pid;
  failure.write_end = UniqueFd{};
  int error_number = 0;
  if (::read(failure.read_end.get(), &error_number, sizeof error_number) > 0) {
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    throw_source_error(error_number, "run", command);
  }
  // glibc 2.36 declares pidfd_open for C only.
  ended_ = UniqueFd{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  if (!ended_.is_open()) {
    error_number = errno;
    kill_group();
    throw_source_error(error_number, "watch", command);
  }
  output_ = std::move(output.read_end);
  errors_ = std::move(errors.read_end);
}

ChildProcess::~ChildProcess() { kill_group(); }

void ChildProcess::kill_group() noexcept {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }
}

std::int32_t ChildProcess::wait() {
  int status = 0;
  pid_t done = -1;
  do {
    done = ::waitpid(pid_, &status, 0);
  } while (done < 0 && errno == EINTR);
  if (done < 0) {
    throw_source_error(errno, "wait for", in_language("the command"));
  }
  pid_ = -1;
  constexpr std::int32_t kSignalBase = 128;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
}

}  // namespace azekura::chunker
