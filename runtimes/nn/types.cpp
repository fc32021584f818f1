#include "nn/types.hpp"

namespace weft::nn {

std::string_view to_string(Errno code) {
  switch (code) {
    case Errno::success: return "success";
    case Errno::invalid_argument: return "invalid_argument";
    case Errno::invalid_encoding: return "invalid_encoding";
    case Errno::missing_memory: return "missing_memory";
    case Errno::busy: return "busy";
    case Errno::runtime_error: return "runtime_error";
    case Errno::unsupported_operation: return "unsupported_operation";
    case Errno::too_large: return "too_large";
    case Errno::not_found: return "not_found";
    case Errno::end_of_sequence: return "end_of_sequence";
    case Errno::context_full: return "context_full";
    case Errno::prompt_too_long: return "prompt_too_long";
    case Errno::model_not_found: return "model_not_found";
  }
  return "unknown";
}

}  // namespace weft::nn
