// Compiler bugs stop the program here, with what the compiler was looking at. User errors are Result<T>.
#pragma once

#include <string_view>

namespace weft {

/// Prints `what` and `context` (usually the printed IR) to the error stream and aborts.
[[noreturn]] void internal_error(const char* file, int line, std::string_view what,
                                 std::string_view context = {});

}  // namespace weft

/// WEFT_CHECK(condition) or WEFT_CHECK(condition, context): the context is only evaluated on failure.
#define WEFT_CHECK(condition, ...) \
  ((condition) ? (void)0 : ::weft::internal_error(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__))
#define WEFT_UNREACHABLE(what) ::weft::internal_error(__FILE__, __LINE__, what)
