// For tools that try seed after seed: a broken invariant of the compiler aborts, and this says whose seed it
// was.
#pragma once

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace weft::testing {

/// The seed that is tried now.
inline uint64_t current_seed = 0;

inline void report_abort(int) {
  std::printf("seed %llu: the compiler aborted\n", static_cast<unsigned long long>(current_seed));
  std::fflush(stdout);
  std::_Exit(3);
}

/// Instead of a core dump.
inline void report_aborts() {
  for (const int signal : {SIGABRT, SIGFPE, SIGSEGV}) std::signal(signal, report_abort);
}

}  // namespace weft::testing
