// Ctrl-C and its like while something runs that must end by itself.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace weft::cli {

/// While it lives, SIGINT, SIGTERM and SIGHUP go to a thread of its own, which calls `stop` (any number of
/// times, on that thread). What does not end within two seconds then is ended as the signal would have.
class SignalWatch {
 public:
  explicit SignalWatch(std::function<void()> stop);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// Ends the program by the signal that came, if one came.
  void end_if_signalled();

 private:
  void watch();
  std::function<void()> stop_;
  std::atomic<int> signal_{0};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace weft::cli
