// Result<T>: how weft reports a user's error. Compiler bugs do not travel this way, see check.hpp.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace weft {

/// What went wrong, by whose hand. The CLI maps each kind to one exit code (cli/), the JS runtime to one
/// error class.
enum class ErrorKind : uint8_t {
  invalid_model,     ///< the model file is malformed, cyclic, or contradicts its own format's specification
  unsupported,       ///< well-formed, but weft cannot compile it: operators, types, forms
  invalid_argument,  ///< an option, shape or name that the user gave
  not_found,         ///< a file, external data, or a name that does not exist
  limit,             ///< a size beyond what a 32-bit linear memory or a checked bound allows
};

struct Error {
  ErrorKind kind = ErrorKind::invalid_model;
  std::string
      message;       ///< one sentence without a trailing newline; says what to do where something can be done
  std::string node;  ///< the model's node or value that the message is about; empty when there is none
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message, std::string node = {}) {
  return std::unexpected<Error>(Error{kind, std::move(message), std::move(node)});
}

/// "invalid-model", "unsupported", … as used in --json output and in tests.
const char* to_string(ErrorKind kind);

/// `message` with the node named, as shown to a person: `node "conv1": message`.
std::string to_string(const Error& error);

// WEFT_TRY(expr): evaluates a Result<void>, returns its error from the enclosing function.
// WEFT_ASSIGN(name, expr): declares `auto name` from a Result<T>, or returns its error.
#define WEFT_CONCAT_(a, b) a##b
#define WEFT_CONCAT(a, b) WEFT_CONCAT_(a, b)
#define WEFT_TRY(expr)                                                        \
  do {                                                                        \
    if (auto weft_result_ = (expr); !weft_result_)                            \
      return std::unexpected<::weft::Error>(std::move(weft_result_).error()); \
  } while (0)
#define WEFT_ASSIGN(name, expr)                                                           \
  auto WEFT_CONCAT(name, _result) = (expr);                                               \
  if (!WEFT_CONCAT(name, _result))                                                        \
    return std::unexpected<::weft::Error>(std::move(WEFT_CONCAT(name, _result)).error()); \
  auto name = std::move(*WEFT_CONCAT(name, _result))

}  // namespace weft
