// Graphs of one operation, from a line of text each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lower/pipeline.hpp"

namespace weft::testing {

/// "f32[1, 3, 7, 7]"; with "constant " in front, bytes that the graph holds.
struct Operand {
  graph::Type type;
  bool constant = false;
};

inline Operand operand(std::string_view text) {
  Operand result;
  constexpr std::string_view kConstant = "constant ";
  result.constant = text.starts_with(kConstant);
  if (result.constant) text.remove_prefix(kConstant.size());
  const size_t bracket = text.find('[');
  result.type.dtype = *parse_dtype(text.substr(0, bracket));
  int64_t number = -1;
  for (const char c : text.substr(bracket)) {
    if (c >= '0' && c <= '9') {
      number = (number < 0 ? 0 : number * 10) + (c - '0');
    } else if (number >= 0) {
      result.type.shape.push_back(number);
      number = -1;
    }
  }
  return result;
}

inline graph::Graph one_node(graph::Op op, const std::vector<std::string>& operands,
                             const graph::Attributes& attributes, const Values& how) {
  graph::Graph g;
  g.name = info(op).name;
  std::vector<graph::ValueId> inputs;
  for (const std::string& text : operands) {
    const Operand o = operand(text);
    const std::string name = "x" + std::to_string(inputs.size());
    if (o.constant)
      inputs.push_back(
          graph::add_constant(g, name, o.type, random_tensor(o.type, 100 + inputs.size(), how).bytes));
    else inputs.push_back(graph::add_input(g, name, o.type));
  }
  const auto y = graph::add_node(g, op, inputs, attributes, "y", "node");
  if (!y) {
    ADD_FAILURE() << y.error().message;
    return g;
  }
  g.outputs.push_back({"y", *y});
  return g;
}

struct OpCase {
  std::string name;  ///< letters, digits, _
  graph::Op op;
  std::vector<std::string> operands;
  graph::Attributes attributes = graph::NoAttributes{};
  Tolerance tolerance = {};
  Values values = {};
};

inline void run_case(const OpCase& c) {
  const graph::Graph g = one_node(c.op, c.operands, c.attributes, c.values);
  if (!g.outputs.empty()) expect_same_results(g, c.tolerance, c.values);
}

inline std::string case_name(const ::testing::TestParamInfo<OpCase>& info) { return info.param.name; }

}  // namespace weft::testing
