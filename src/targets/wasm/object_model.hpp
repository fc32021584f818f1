// A model as a relocatable object: its kernels, its tables, its weights, and the functions by which a program
// runs it. bundle/c_header.hpp declares them.
//
// The model has no memory of its own: the program hands over a place for all of it, which the tables are
// copied to, and every function gets it as its first parameter. The first kContextAddress bytes of it hold
// what the last function that failed says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "loops/loops.hpp"
#include "targets/wasm/assembler.hpp"
#include "targets/wasm/facts.hpp"

namespace weft::wasm {

/// What functions return.
enum class ObjectResult : uint32_t {
  ok = 0,
  out_of_range = 1,  ///< a value that the model computes with
  bad_extent = 2     ///< of a dimension, which is none of those it may have
};

/// What lies at the beginning of a model's memory once a function has failed. In C: const char* node, *what;
/// int64_t value; int32_t least, greatest.
enum class FailureField : uint32_t { node = 0, what = 4, value = 8, least = 16, greatest = 20 };

/// A function (memory) -> address in it.
struct ObjectAccessor {
  std::string symbol;
  uint32_t address = 0;
};

struct ObjectDimension {
  std::string name;
  uint32_t min = 0, max = 0, step = 1;
};

struct ObjectTables {
  uint32_t address = 0;
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> addresses;                     ///< words to which the memory's address is added
  std::vector<std::pair<uint32_t, uint32_t>> kernels;  ///< words that are a kernel's slot in the table
  uint32_t context = 0, prepare = 0, run = 0;
  uint32_t resize = 0, symbols = 0;  ///< 0: nothing depends on dimensions, or on data
};

struct ObjectModelInput {
  std::string name;                        ///< in front of all symbols
  std::span<const loops::Kernel> kernels;  ///< as ModuleInput::kernels
  WasmFeatures features;
  ObjectTables tables;
  bool debug_names = false, jumps = false;
  std::vector<ObjectDimension> dimensions;
  std::vector<std::string> nodes;  ///< where values are checked: what records refer to
  std::vector<ObjectAccessor> accessors;
  std::optional<uint32_t> reset;  ///< address of the boolean with which states begin anew
  uint64_t weights_bytes = 0;
  /// Where the weights begin in a file that the program reads; without, they are in the object.
  std::optional<uint64_t> weights_at;
};

/// The functions, in C, for a model of the name `m`:
///   m* m_prepare(void* memory)                         null where the memory is not aligned
///   m* m_prepare(void* memory, read, void* context)    with weights_at; null too where reading fails:
///     int32_t read(void* context, void* destination, uint64_t offset, uint32_t bytes)     0 where it is done
///   int32_t m_run(m*)
///   int32_t m_resize(m*, uint32_t...)                  with dimensions, in their order; a prepared model has
///                                                      the greatest
///   void m_reset(m*)                                   with states
///   const failure* m_failure(const m*)
/// and the accessors. The weights belong between the object's head and its tail.
ObjectBytes emit_object_model(const ObjectModelInput& input);

}  // namespace weft::wasm
