#include "cli/native/signals.hpp"

#include <csignal>
#include <ctime>

namespace weft::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : kSignals) sigaddset(&set, number);
  return set;
}

void end_by(int number) {
  std::signal(number, SIG_DFL);
  const sigset_t set = watched();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  raise(number);
}

}  // namespace

SignalWatch::SignalWatch(std::function<void()> stop) : stop_(std::move(stop)) {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);  // the threads that are made from now on inherit it
  thread_ = std::thread([this] { watch(); });
}

SignalWatch::~SignalWatch() {
  done_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
  const sigset_t set = watched();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void SignalWatch::watch() {
  const sigset_t set = watched();
  int number = 0;
  if (sigwait(&set, &number) != 0 || done_) return;
  signal_ = number;
  stop_();
  // The program may be where nothing can stop it: in a system call that waits.
  for (int i = 0; i < 40 && !done_; ++i) {
    const timespec tick{0, 50'000'000};
    const int another = sigtimedwait(&set, nullptr, &tick);
    if (another > 0 && !done_) break;
    stop_();
  }
  if (!done_) end_by(signal_);
}

void SignalWatch::end_if_signalled() {
  if (signal_ != 0) end_by(signal_);
}

}  // namespace weft::cli
