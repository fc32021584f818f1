// What of a loop's body differs between its iterations.
#pragma once

#include <set>
#include <string>
#include <unordered_map>

#include "loops/loops.hpp"

namespace weft::loops {

/// Tells values that depend on one index variable from those that do not. Statements are shown in order: what
/// they bind varies when their value does.
class Variance {
 public:
  explicit Variance(std::string variable) { indices_.insert(std::move(variable)); }

  bool varies(const Expr& e) const;
  bool varies(const Value& v);
  /// Notes a binding; gives whether it varies.
  bool bind(const Let& let);
  bool bind(const LetIndex& let);

 private:
  bool depends(const ValueNode& v);

  std::set<std::string, std::less<>> indices_, locals_;
  std::unordered_map<const ValueNode*, bool> known_;
};

}  // namespace weft::loops
