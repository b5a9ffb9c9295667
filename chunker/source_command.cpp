#include "chunker/source_command.h"

#include "chunker/child_process.h"
#include "chunker/source_error.h"
#include "core/interrupt.h"
#include "core/limits.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace azekura::chunker {

namespace {

constexpr std::size_t kPipeReadBytes = 256 * kKiB;
constexpr int kPipeBytes = 1 * kMiB;
/// How often an interrupt is looked for while the command says nothing.
constexpr int kPollMilliseconds = 500;
constexpr int kIgnored = -1;  ///< poll() passes over negative descriptors

/// Takes what the output pipe holds; false at its end.
bool take_output(int fd, const std::string& command, ChunkFeed& feed, Observer& observer) {
  const MutableBytes room = feed.space(kPipeReadBytes);
  const ssize_t count = ::read(fd, room.data(), room.size());
  if (count < 0 && errno != EINTR) {
    throw_source_error(errno, "read the output of", command);
  }
  if (count > 0) {
    feed.fill(static_cast<std::size_t>(count));
    observer.advanced(static_cast<std::uint64_t>(count));
  }
  return count != 0;
}

/// Takes all that the error pipe holds, keeps the first kTextMax bytes; false at its end.
bool take_errors(int fd, std::string& text) {
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t count = ::read(fd, part.data(), part.size());
    if (count <= 0) {
      return count < 0 && (errno == EINTR || errno == EAGAIN);
    }
    const std::size_t room = limits::kTextMax - text.size();
    text.append(part.data(), std::min(room, static_cast<std::size_t>(count)));
  }
}

}  // namespace

CommandEnd feed_command_output(const std::string& command, ChunkFeed& feed, Observer& observer) {
  ChildProcess child{command};
  // A larger pipe lets the command work while we do; the kernel may refuse.
  ::fcntl(child.output(), F_SETPIPE_SZ, kPipeBytes);
  CommandEnd end;
  enum Channel : std::size_t { output, errors, ended };
  std::array<pollfd, 3> channels{{{.fd = child.output(), .events = POLLIN, .revents = 0},
                                  {.fd = child.errors(), .events = POLLIN, .revents = 0},
                                  {.fd = child.ended(), .events = POLLIN, .revents = 0}}};
  // A process the command left behind may hold the error pipe; its output pipe is waited for.
  while (channels[output].fd != kIgnored || channels[ended].fd != kIgnored) {
    throw_if_interrupted();
    if (::poll(channels.data(), channels.size(), kPollMilliseconds) < 0) {
      if (errno != EINTR) {
        throw_source_error(errno, "wait for the output of", command);
      }
      continue;
    }
    if (channels[errors].revents != 0 && !take_errors(child.errors(), end.error_text)) {
      channels[errors].fd = kIgnored;
    }
    if (channels[output].revents != 0 && !take_output(child.output(), command, feed, observer)) {
      channels[output].fd = kIgnored;
    }
    if (channels[ended].revents != 0) {
      channels[ended].fd = kIgnored;
    }
  }
  take_errors(child.errors(), end.error_text);
  end.exit_status = child.wait();
  return end;
}

}  // namespace azekura::chunker
