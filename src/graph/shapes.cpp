// Dispatch to the shape rules, with what holds for all of them.
#include <fmt/format.h>

#include "graph/ops.hpp"
#include "graph/types.hpp"

namespace weft::graph {
namespace {

std::string arity_fault(const OpInfo& op, size_t count) {
  const size_t lo = static_cast<size_t>(op.min_inputs);
  if (count >= lo && (op.max_inputs < 0 || count <= static_cast<size_t>(op.max_inputs))) return {};
  const std::string wanted = op.max_inputs < 0                ? fmt::format("at least {}", lo)
                             : op.max_inputs == op.min_inputs ? std::to_string(lo)
                                                              : fmt::format("{} to {}", lo, op.max_inputs);
  return fmt::format("takes {} operand{}, not {}", wanted, wanted == "1" || wanted == "at least 1" ? "" : "s",
                     count);
}

}  // namespace

std::unexpected<Error> RuleInput::error(std::string_view what) const {
  std::string message = std::string(info(op).name) + "(";
  for (size_t i = 0; i < operands.size(); ++i) {
    if (i > 0) message += ", ";
    if (i == 16) {
      message += fmt::format("… {} more", operands.size() - i);
      break;
    }
    message += to_string(operands[i]);
  }
  return fail(ErrorKind::invalid_model, message + "): " + std::string(what));
}

Result<Type> infer_type(Op op, std::span<const Type> operands, const Attributes& attributes) {
  Undecided undecided;
  return infer_type(op, operands, attributes, undecided);
}

Result<Type> infer_type(Op op, std::span<const Type> operands, const Attributes& attributes,
                        Undecided& undecided) {
  const RuleInput in{op, operands, attributes, undecided};
  if (const std::string fault = arity_fault(info(op), operands.size()); !fault.empty())
    return in.error(fault);
  if (attributes.index() != row(op).defaults.index())
    return in.error(fmt::format("the attributes are not {}", row(op).attributes_name));
  for (const Type& t : operands)
    if (const std::string fault = shape_fault(t.shape); !fault.empty()) return in.error(fault);
  Result<Type> result = row(op).rule(in);
  if (!result) return result;
  if (const std::string fault = shape_fault(result->shape, undecided); !fault.empty())
    return in.error("of the result, " + fault);
  return result;
}

}  // namespace weft::graph
