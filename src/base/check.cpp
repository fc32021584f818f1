#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace weft {

void internal_error(const char* file, int line, std::string_view what, std::string_view context) {
  std::fprintf(stderr, "weft: internal error at %s:%d: %.*s\n%.*s\n", file, line,
               static_cast<int>(what.size()), what.data(), static_cast<int>(context.size()), context.data());
  std::abort();
}

}  // namespace weft
