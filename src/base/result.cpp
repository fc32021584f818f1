#include "base/result.hpp"

namespace weft {

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_model: return "invalid-model";
    case ErrorKind::unsupported: return "unsupported";
    case ErrorKind::invalid_argument: return "invalid-argument";
    case ErrorKind::not_found: return "not-found";
    case ErrorKind::limit: return "limit";
  }
  return "unknown";
}

std::string to_string(const Error& error) {
  return error.node.empty() ? error.message : "node \"" + error.node + "\": " + error.message;
}

}  // namespace weft
