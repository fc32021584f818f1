// Values as WGSL expressions.
#pragma once

#include <string>
#include <unordered_map>

#include "loops/loops.hpp"
#include "targets/wgsl/print_index.hpp"

namespace weft::wgsl {

std::string type_name(DType type);  ///< f32, i32, u32, bool

/// A constant that reads back to the same bits. What is not finite goes through a function, since WGSL
/// refuses constant expressions that give it.
std::string print_constant(DType type, uint64_t bits);

/// How a kernel names things.
struct Naming {
  IndexName index;
  std::function<std::string(const std::string&)> local;
  /// The expression of the element `index` of a buffer.
  std::function<std::string(uint32_t buffer, const expr::Expr& index)> element;
};

/// Prints the values of one statement. What is used more than once, and loads under a condition, become
/// statements of their own in `before`.
class ValuePrinter {
 public:
  ValuePrinter(const Naming& naming, std::string indent, uint32_t& next_temporary, std::string& before)
      : naming_(naming), indent_(std::move(indent)), next_(next_temporary), before_(before) {}

  std::string print(const loops::Value& value);

 private:
  void count(const loops::Value& value);
  std::string value(const loops::Value& value);
  std::string expression(const loops::ValueNode& v);
  std::string load(const loops::ValueNode& v);
  std::string operation(const loops::ValueNode& v);
  std::string cast(const loops::ValueNode& v);
  std::string temporary(const std::string& declaration, const std::string& initial);

  const Naming& naming_;
  std::string indent_;
  uint32_t& next_;
  std::string& before_;
  std::unordered_map<const loops::ValueNode*, uint32_t> uses_;
  std::unordered_map<const loops::ValueNode*, std::string> printed_;
};

}  // namespace weft::wgsl
