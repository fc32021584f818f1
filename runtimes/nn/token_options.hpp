// What a program says of the loop over tokens: the JSON of load_by_name_with_config. The names of keys are
// WasmEdge's where it has one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/types.hpp"

namespace weft::nn {

struct TokenOptions {
  std::string tokens, logits;    ///< the input of ids and the output of scores; empty: the only one that fits
  std::vector<int64_t> end;      ///< tokens after which there is none
  std::optional<uint64_t> most;  ///< tokens that follow a prompt
  double temperature = 0;        ///< 0: always the best token
  uint32_t top_k = 0;            ///< choose among the best k; 0: among all
  uint32_t seed = 0;             ///< of the random choice
  std::vector<std::string> ignored;  ///< keys that weft has nothing for
};

/// An object; empty text is an empty one.
///   "tokens", "logits"   names of ports
///   "end"                a token, or a list of them
///   "n-predict"          a whole number; below 0: no limit
///   "temp"               0 to 1000
///   "top-k", "seed"      whole numbers, as u32 (of a seed the lowest 32 bits)
/// invalid_argument: no JSON object, or one of these keys with another value.
Outcome<TokenOptions> read_token_options(std::string_view json);

}  // namespace weft::nn
