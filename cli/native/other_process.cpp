// A copy of this process, for measurements that begin with nothing loaded.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli/native/host.hpp"

namespace weft::cli {
namespace {

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

std::string read_all(int file) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(file, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<size_t>(got));
  }
}

}  // namespace

Result<std::string> NativeHost::in_other_process(const std::function<std::string()>& work) {
  int ends[2];
  std::fflush(nullptr);
  const bool has_pipe = pipe(ends) == 0;
  const pid_t other = has_pipe ? fork() : -1;
  if (other < 0) {
    const int reason = errno;
    if (has_pipe) {
      close(ends[0]);
      close(ends[1]);
    }
    return fail(ErrorKind::limit, "cannot start a process: " + std::string(std::strerror(reason)));
  }
  if (other == 0) {
    close(ends[0]);
    _exit(write_all(ends[1], work()) ? 0 : 1);
  }
  close(ends[1]);
  std::string text = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(other, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : std::string();
}

}  // namespace weft::cli
