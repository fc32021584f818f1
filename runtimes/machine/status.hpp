// Errors of runtimes that drive a module: the codes of weft.h, with what an error cell says.
#pragma once

#include <weft.h>

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace weft::machine {

struct Error {
  weft_status status = WEFT_BAD_BUNDLE;
  std::string message;  ///< one sentence
  std::string node = {};
  int64_t value = 0;
  int32_t least = 0, greatest = 0;
};

template <class T>
using Outcome = std::expected<T, Error>;

inline std::unexpected<Error> refuse(weft_status status, std::string message) {
  return std::unexpected<Error>(Error{status, std::move(message)});
}

// As WEFT_TRY and WEFT_ASSIGN of base/result.hpp, for any error type.
#define WEFT_MACHINE_TRY(expr)                                  \
  do {                                                          \
    if (auto weft_outcome_ = (expr); !weft_outcome_)            \
      return std::unexpected(std::move(weft_outcome_).error()); \
  } while (0)
#define WEFT_MACHINE_ASSIGN(name, expr)                                           \
  auto name##_outcome = (expr);                                                   \
  if (!name##_outcome) return std::unexpected(std::move(name##_outcome).error()); \
  auto name = std::move(*name##_outcome)

}  // namespace weft::machine
