#include "loops/cost.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "loops/cost_choices.hpp"

namespace weft::loops {
namespace {

/// Whether a value depends on the place alone, not on data.
bool known_by_place(const ValueNode& node) {
  if (node.op == ValueOp::access || node.op == ValueOp::load || node.op == ValueOp::local) return false;
  return std::ranges::all_of(node.operands, [](const Value& v) { return known_by_place(*v); });
}

/// The nodes of a value that are computed at a point, each once, however often it is used. Where the place
/// picks one of two values, the second stands for both.
std::vector<const ValueNode*> nodes(const Value& value) {
  std::vector<const ValueNode*> found = {value.get()};
  std::set<const ValueNode*> seen = {value.get()};
  for (size_t next = 0; next < found.size(); ++next) {
    const std::vector<Value>& operands = found[next]->operands;
    const bool picked = found[next]->op == ValueOp::select && known_by_place(*operands[0]);
    for (size_t i = picked ? 2 : 0; i < operands.size(); ++i)
      if (seen.insert(operands[i].get()).second) found.push_back(operands[i].get());
  }
  return found;
}

uint64_t operations(const Value& value) {
  uint64_t count = 0;
  for (const ValueNode* node : nodes(value)) count += operations(node->op);
  return count;
}

uint64_t extent(const Expr& e) {
  return static_cast<uint64_t>(std::max<int64_t>(0, e.as_constant().value_or(1)));
}

uint64_t points(const std::vector<Axis>& axes) {
  uint64_t count = 1;
  for (const Axis& axis : axes) count *= extent(axis.extent);
  return count;
}

uint64_t elements(const TensorOperand& tensor) {
  uint64_t count = 1;
  for (const Expr& e : tensor.shape) count *= extent(e);
  return count;
}

/// All values of a stage, with how often each is computed.
template <class Visit>
void each_value(const Stage& stage, Visit visit) {
  const uint64_t spatial = points(stage.spatial);
  const uint64_t all = spatial * points(stage.reduction);
  for (const IndexBinding& binding : stage.bindings) visit(binding.value, all);
  for (const FoldState& state : stage.fold) {
    visit(state.init, spatial);
    visit(state.update, all);
  }
  visit(stage.result, spatial);
}

/// Every tensor once, and of a tensor no more than what is asked for.
uint64_t bytes_touched(const Stage& stage) {
  std::vector<uint64_t> reads(stage.tensors.size(), 0);
  each_value(stage, [&](const Value& value, uint64_t times) {
    for (const ValueNode* node : nodes(value))
      if (node->op == ValueOp::access) reads[node->buffer] += times;
  });
  std::map<uint32_t, uint64_t> by_value;  // two operands may be one value
  uint64_t bytes = points(stage.spatial) * byte_size(stage.tensors.back().dtype);
  for (size_t i = 0; i + 1 < stage.tensors.size(); ++i) {
    const TensorOperand& tensor = stage.tensors[i];
    const uint64_t size = std::min(elements(tensor), reads[i]) * byte_size(tensor.dtype);
    if (tensor.value == UINT32_MAX) bytes += size;
    else by_value[tensor.value] = std::max(by_value[tensor.value], size);
  }
  for (const auto& [value, size] : by_value) bytes += size;
  return bytes;
}

/// The axes that a value's accesses depend on; axes of one point do not count.
std::set<std::string> axes_of(const Value& value, const std::vector<Axis>& axes) {
  std::set<std::string> used;
  for (const ValueNode* node : nodes(value)) {
    if (node->op != ValueOp::access) continue;
    for (const Expr& index : node->indices)
      for (const Axis& axis : axes)
        if (extent(axis.extent) > 1 && expr::uses(index, axis.name)) used.insert(axis.name);
  }
  return used;
}

/// Whether one index moves with a spatial and with a reduction axis: a window that slides.
bool slides(const Value& value, const Stage& stage) {
  const auto any_axis = [](const Expr& index, const std::vector<Axis>& axes) {
    return std::ranges::any_of(axes, [&](const Axis& axis) { return expr::uses(index, axis.name); });
  };
  for (const ValueNode* node : nodes(value)) {
    if (node->op != ValueOp::access) continue;
    for (const Expr& index : node->indices)
      if (any_axis(index, stage.spatial) && any_axis(index, stage.reduction)) return true;
  }
  return false;
}

WorkClass class_of_fold(const Stage& stage) {
  const Value& update = stage.fold[0].update;
  const bool product =
      stage.fold.size() == 1 && update->op == ValueOp::muladd && update->operands[2]->op == ValueOp::local;
  const bool window = slides(update, stage);
  if (!product) return window ? WorkClass::pooling : WorkClass::fold;
  const std::set<std::string> a = axes_of(update->operands[0], stage.spatial);
  const std::set<std::string> b = axes_of(update->operands[1], stage.spatial);
  const bool reads_both = !axes_of(update->operands[0], stage.reduction).empty() &&
                          !axes_of(update->operands[1], stage.reduction).empty();
  if (!window) return reads_both ? WorkClass::contraction : WorkClass::fold;
  const bool channelwise = std::ranges::includes(a, b) || std::ranges::includes(b, a);
  return channelwise && !a.empty() && !b.empty() ? WorkClass::depthwise : WorkClass::contraction;
}

/// Of the result, on all points.
uint64_t result_operations(const Stage& stage, const std::map<std::string, int64_t>& periods) {
  const uint64_t spatial = points(stage.spatial);
  const bool known = std::ranges::all_of(
      stage.spatial, [](const Axis& axis) { return axis.extent.as_constant().has_value(); });
  if (periods.empty() || !known || !stage.fold.empty() || !stage.bindings.empty())
    return spatial * operations(stage.result);
  uint64_t box = 1;
  for (const auto& [axis, period] : periods) box *= static_cast<uint64_t>(period);
  return spatial * operations_of_box(stage, periods) / box;
}

}  // namespace

uint64_t operations(ValueOp op) {
  switch (op) {
    case ValueOp::muladd: return 2;
    case ValueOp::neg:
    case ValueOp::abs:
    case ValueOp::floor:
    case ValueOp::ceil:
    case ValueOp::trunc:
    case ValueOp::nearest:
    case ValueOp::sqrt:
    case ValueOp::add:
    case ValueOp::sub:
    case ValueOp::mul:
    case ValueOp::div:
    case ValueOp::rem:
    case ValueOp::min:
    case ValueOp::max: return 1;
    default: return 0;
  }
}

const char* to_string(WorkClass work) {
  switch (work) {
    case WorkClass::contraction: return "contraction";
    case WorkClass::depthwise: return "depthwise";
    case WorkClass::pooling: return "pooling";
    case WorkClass::fold: return "fold";
    case WorkClass::elementwise: return "elementwise";
    case WorkClass::movement: return "movement";
    case WorkClass::fill: return "fill";
  }
  return "movement";
}

Cost cost_of(const Stage& stage, const std::map<std::string, int64_t>& periods) {
  Cost cost;
  // Bindings are index arithmetic.
  const uint64_t spatial = points(stage.spatial);
  for (const FoldState& state : stage.fold)
    cost.flops += spatial * (operations(state.init) + points(stage.reduction) * operations(state.update));
  cost.flops += result_operations(stage, periods);
  cost.bytes = bytes_touched(stage);
  if (!stage.fold.empty()) cost.work = class_of_fold(stage);
  else if (stage.tensors.size() == 1) cost.work = WorkClass::fill;
  else cost.work = cost.flops > 0 ? WorkClass::elementwise : WorkClass::movement;
  return cost;
}

}  // namespace weft::loops
