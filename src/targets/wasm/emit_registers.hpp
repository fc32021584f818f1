// Buffers of space `registers` as locals.
#pragma once

#include <map>
#include <optional>

#include "loops/loops.hpp"
#include "targets/wasm/emit_code.hpp"

namespace weft::wasm {

/// Every element, or group of elements that a vector covers, is one local. Scalar use of an element inside a
/// group goes through the group's lane; groups that overlap otherwise are a compiler bug.
class Registers {
 public:
  Registers(const loops::Kernel& kernel, Locals& locals);

  struct Slot {
    uint32_t local = 0;
    loops::Type type;              ///< as it is held
    std::optional<uint32_t> lane;  ///< the element is a lane of it
  };
  Slot find(uint32_t buffer, const expr::Expr& index, uint32_t lanes) const;

 private:
  struct Group {
    uint32_t local = 0, lanes = 1;
  };
  void collect(const loops::Block& block);
  void collect(const loops::Value& value);
  void add(uint32_t buffer, const expr::Expr& index, uint32_t lanes);

  const loops::Kernel& kernel_;
  std::map<std::pair<uint32_t, int64_t>, Group> groups_;  ///< by buffer and first element
};

}  // namespace weft::wasm
