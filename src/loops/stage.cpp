#include "loops/stage.hpp"

#include <fmt/format.h>

#include "loops/text.hpp"

namespace weft::loops {
namespace {

std::string axes(std::string_view title, const std::vector<Axis>& list) {
  std::string text;
  for (const Axis& axis : list)
    text += fmt::format("  {} {} in 0..{}\n", title, axis.name, expr::print(axis.extent));
  return text;
}

std::string commas(const std::vector<Expr>& list) {
  std::string text;
  for (const Expr& e : list) text += (text.empty() ? "" : ", ") + expr::print(e);
  return text;
}

}  // namespace

Expr axis_variable(const Axis& axis) { return loop_variable(axis.name, axis.extent); }

std::string print(const Stage& stage) {
  std::vector<std::string> names;
  std::string text = "stage " + quoted(stage.name) + " {\n";
  for (const TensorOperand& t : stage.tensors) {
    names.push_back(t.name);
    text += fmt::format("  tensor {}: {}[{}]\n", quoted_name(t.name), to_string(t.dtype), commas(t.shape));
  }
  text += axes("spatial", stage.spatial) + axes("reduction", stage.reduction);
  for (const IndexBinding& binding : stage.bindings)
    text += fmt::format("  index {} in {} = {}\n", binding.variable.name, range_text(binding.variable),
                        print(binding.value, names));
  for (const FoldState& state : stage.fold) {
    text += fmt::format("  fold {} {} = {}\n", to_string(state.type), quoted_name(state.name),
                        print(state.init, names));
    text += fmt::format("    update {}\n", print(state.update, names));
  }
  const std::string output = names.empty() ? "output" : quoted_name(names.back());
  return text +
         fmt::format("  {}[{}] = {}\n}}\n", output, commas(stage.output_indices), print(stage.result, names));
}

}  // namespace weft::loops
