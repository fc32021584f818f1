// Index expressions with their variables resolved to slots, for the interpreter.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "expr/expr.hpp"

namespace weft::loops {

using Slots = std::map<std::string, uint32_t, std::less<>>;

class IndexProgram {
 public:
  /// Compiles `e`; the result is its number for run().
  uint32_t add(const expr::Expr& e, const Slots& slots);
  int64_t run(uint32_t number, const std::vector<int64_t>& values) const;

 private:
  struct Term {
    int64_t coefficient;
    uint32_t node;
  };
  struct Node {
    expr::Kind kind;
    int64_t value;  ///< constant, sum
    uint32_t slot;  ///< variable
    std::vector<Term> terms;
    std::vector<uint32_t> operands;
  };

  int64_t run_operation(const Node& node, const std::vector<int64_t>& values) const;

  std::vector<Node> nodes_;
};

}  // namespace weft::loops
