// Errors of the native runtime as those of the command line.
#pragma once

#include "base/result.hpp"
#include "native/status.hpp"

namespace weft::cli {

inline ErrorKind kind_of(weft_status status) {
  switch (status) {
    case WEFT_BAD_BUNDLE:
    case WEFT_TRAP: return ErrorKind::invalid_model;
    case WEFT_UNSUPPORTED: return ErrorKind::unsupported;
    case WEFT_NOT_FOUND:
    case WEFT_NO_ENGINE: return ErrorKind::not_found;
    case WEFT_NO_MEMORY: return ErrorKind::limit;
    default: return ErrorKind::invalid_argument;
  }
}

inline std::unexpected<weft::Error> failed(const native::Error& error) {
  return fail(kind_of(error.status), error.message);
}

}  // namespace weft::cli
