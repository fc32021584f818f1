// How much one guest may have at a time. Beyond it: missing_memory.
#pragma once

#include <cstdint>

namespace weft::nn {

struct Limits {
  uint32_t graphs = 64;                ///< loaded, or unloaded while contexts still use them
  uint32_t contexts = 256;             ///< all graphs together
  uint64_t bytes = uint64_t{4} << 30;  ///< parts of models that are loaded, and contexts as they are
  uint32_t tensors = 4096;             ///< of the WIT interface, whose bytes count too
  uint32_t parts = 256;                ///< of one model
  uint32_t name_bytes = 4096;          ///< of a model's name
  uint32_t config_bytes = 65536;       ///< of load_by_name_with_config
  uint32_t prompt_tokens = 1 << 20;    ///< of a prompt that is read in pieces: prompt_too_long beyond
};

}  // namespace weft::nn
