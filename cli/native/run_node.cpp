// weft run's two processes: one prepares and becomes Node, the other removes the folder whatever happens to
// it.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/native/host.hpp"

namespace weft::cli {
namespace fs = std::filesystem;
namespace {

constexpr int kEngineFailed = 8;
constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
volatile sig_atomic_t g_signal = 0;
volatile sig_atomic_t g_worker = 0;

extern "C" void pass_on(int number) {
  g_signal = number;
  if (g_worker > 0) kill(g_worker, number);
}

/// Starts the second process; a signal that ends this one ends that one too. Returns 0 in the second process.
pid_t start_worker() {
  sigset_t ours, before;
  sigemptyset(&ours);
  for (const int number : kSignals) sigaddset(&ours, number);
  sigprocmask(SIG_BLOCK, &ours, &before);
  for (const int number : kSignals) signal(number, pass_on);
  const pid_t worker = fork();
  if (worker == 0)
    for (const int number : kSignals) signal(number, SIG_DFL);
  else g_worker = worker;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return worker;
}

int wait_for(pid_t worker) {
  int status = 0;
  while (waitpid(worker, &status, 0) < 0 && errno == EINTR) {
  }
  g_worker = 0;
  return status;
}

/// Ends this program as the second process ended, unless that went well.
void end_as(int status) {
  if (g_signal != 0) {
    signal(g_signal, SIG_DFL);
    raise(g_signal);
  }
  if (WIFSIGNALED(status)) {
    std::fprintf(stderr, "weft: the engine was ended by signal %d (%s)\n", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    std::exit(kEngineFailed);
  }
  if (WEXITSTATUS(status) != 0) std::exit(WEXITSTATUS(status));
}

/// In the second process. Returns only when that fails.
Result<void> become_node(const std::string& program, const std::string& folder, const Host::Step& prepare) {
  WEFT_TRY(prepare(folder));
  const std::string script = folder + "/main.mjs";
  execlp(program.c_str(), program.c_str(), script.c_str(), nullptr);
  return fail(ErrorKind::not_found,
              "cannot start " + program + ": " + std::strerror(errno) +
                  "; install Node 20.16 or later, or name it with --engine node:PATH or "
                  "WEFT_NODE");
}

}  // namespace

Result<void> NativeHost::run_node(const std::string& program, const Step& prepare, const Step& finish) {
  std::error_code error;
  std::string folder = (fs::temp_directory_path(error) / "weft-run.XXXXXX").string();
  std::fflush(nullptr);
  if (mkdtemp(folder.data()) == nullptr)
    return fail(ErrorKind::not_found, "cannot make a temporary folder: " + std::string(std::strerror(errno)));
  const pid_t worker = start_worker();
  if (worker == 0) return become_node(program, folder, prepare);
  const int status = worker > 0 ? wait_for(worker) : 0;
  const int reason = errno;
  const bool good = worker > 0 && g_signal == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const Result<void> finished = good && finish ? finish(folder) : Result<void>();
  fs::remove_all(folder, error);
  if (worker < 0)
    return fail(ErrorKind::limit, "cannot start a process: " + std::string(std::strerror(reason)));
  end_as(status);
  return finished;
}

}  // namespace weft::cli
