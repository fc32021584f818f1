// Values compiled for the interpreter: operations in order of evaluation, their lanes in slots.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "loops/index_program.hpp"
#include "loops/loops.hpp"

namespace weft::loops {

/// One operation. `result` and `operands` are the slots of first lanes.
struct Operation {
  ValueOp op;
  Type type;
  Type from;  ///< of the first operand, if any
  uint32_t result = 0;
  std::vector<uint32_t> operands;
  uint64_t bits = 0;
  uint32_t buffer = 0;
  uint32_t index = 0, stride = 0;  ///< numbers in the IndexProgram
  std::optional<uint32_t> predicate;
};

/// The elements of one buffer, with what may be touched.
struct BufferView {
  std::string name;
  uint8_t* bytes = nullptr;
  DType dtype = DType::f32;
  int64_t loadable = 0, storable = 0;  ///< elements
};

uint64_t read_lane(const BufferView& buffer, int64_t index);
void write_lane(const BufferView& buffer, int64_t index, uint64_t bits);
/// Fills elements [begin, end) with what nobody should read: signalling NaN, odd integers.
void poison(const BufferView& buffer, int64_t begin, int64_t end);

struct Machine {
  IndexProgram indices;
  std::vector<int64_t> variables;
  std::vector<uint64_t> lanes;
  std::vector<BufferView> buffers;
  /// Called with the buffer's number and an index out of its bounds.
  std::function<void(uint32_t, int64_t)> out_of_bounds;
};

/// A local's first slot and type.
struct LocalSlot {
  uint32_t slot = 0;
  Type type;
};
using Locals = std::map<std::string, LocalSlot, std::less<>>;

/// Compiles the values of one statement; a node that they share is computed once.
class ValueCompiler {
 public:
  ValueCompiler(Machine& machine, const Slots& variables, const Locals& locals, uint32_t first_slot)
      : machine_(machine), variables_(variables), locals_(locals), next_(first_slot) {}

  /// Appends the value's operations to `out`; gives its slot.
  uint32_t add(const Value& value, std::vector<Operation>& out);
  uint32_t next_slot() const { return next_; }

 private:
  uint32_t allocate(uint32_t lanes);

  Machine& machine_;
  const Slots& variables_;
  const Locals& locals_;
  uint32_t next_;
  std::unordered_map<const ValueNode*, uint32_t> done_;
};

void run(const std::vector<Operation>& code, Machine& machine);

}  // namespace weft::loops
