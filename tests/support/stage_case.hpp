// One stage with seeded storages, contents and schedule, and what the parts of the compiler behind lowering
// make of it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "compile/variant.hpp"
#include "loops/unroll.hpp"
#include "loops/vectorize.hpp"
#include "lower/lower.hpp"
#include "passes/passes.hpp"
#include "schedule/apply.hpp"
#include "support/random_schedule.hpp"
#include "support/small_graph.hpp"

namespace weft::testing {

/// The passes in front of lowering, as compile/pipeline.cpp has them.
inline graph::Graph optimised(graph::Graph g) {
  g = *passes::fold_constants(passes::expand_resize(passes::remove_dead(std::move(g))), {});
  g = *passes::fold_constants(passes::fold_scales(passes::simplify(std::move(g))), {});
  return passes::fuse_groups(passes::remove_dead(std::move(g)));
}

using Bytes = std::vector<uint8_t>;

/// The kernel as the emitter gets it for a variant.
inline loops::Kernel prepared(const loops::Kernel& kernel, uint32_t vector_bytes) {
  return loops::unroll(loops::vectorize(loops::unroll(kernel), {vector_bytes}));
}

/// Whether two elements are the same bits, or close.
inline bool same_element(DType dtype, const uint8_t* a, const uint8_t* b, size_t size, double tolerance) {
  if (std::memcmp(a, b, size) == 0) return true;
  if (dtype == DType::f16) return tolerance > 0 && std::abs(half_value(a) - half_value(b)) <= 1e-2;
  if (dtype != DType::f32) return false;
  float x, y;
  std::memcpy(&x, a, 4);
  std::memcpy(&y, b, 4);
  return x == y || (std::isnan(x) && std::isnan(y)) ||
         std::abs(x - y) <= tolerance * std::max(1.0f, std::abs(y));
}

/// Calls visit(buffer, element index) for every load and store.
template <class Visit>
void each_access(const loops::Kernel& kernel, Visit visit) {
  std::vector<const loops::Block*> blocks = {&kernel.body};
  const auto value = [&](const loops::Value& root) {
    std::vector<loops::Value> open = {root};
    while (!open.empty()) {
      const loops::Value v = open.back();
      open.pop_back();
      if (v->op == loops::ValueOp::load) visit(v->buffer, v->indices[0]);
      open.insert(open.end(), v->operands.begin(), v->operands.end());
    }
  };
  while (!blocks.empty()) {
    const loops::Block& block = *blocks.back();
    blocks.pop_back();
    for (const loops::Statement& statement : block) {
      if (const auto* loop = std::get_if<loops::For>(&statement.node)) blocks.push_back(&*loop->body);
      if (const auto* let = std::get_if<loops::Let>(&statement.node)) value(let->value);
      if (const auto* let = std::get_if<loops::LetIndex>(&statement.node)) value(let->value);
      if (const auto* store = std::get_if<loops::Store>(&statement.node)) {
        visit(store->buffer, store->index);
        value(store->value);
      }
      if (const auto* branch = std::get_if<loops::If>(&statement.node)) {
        blocks.push_back(&*branch->then_block);
        if (branch->else_block) blocks.push_back(&*branch->else_block);
      }
    }
  }
}

/// "split peel", "fuse", …
inline std::vector<std::string> words_of(const schedule::Schedule& schedule) {
  constexpr const char* kTails[] = {"exact", "peel", "guard", "overlap", "pad"};
  constexpr const char* kKinds[] = {"split", "fuse", "reorder", "unroll", "vectorize", "blocks"};
  std::vector<std::string> words;
  for (const schedule::Step& step : schedule.steps)
    words.emplace_back(step.kind == schedule::StepKind::split ? kTails[static_cast<size_t>(step.tail)]
                                                              : kKinds[static_cast<size_t>(step.kind)]);
  return words;
}

class StageCase {
 public:
  explicit StageCase(uint64_t seed) : random_(seed ^ 0xca5e), source_(SmallGraphs::make(seed)) {
    g_ = optimised(source_.g);
    choose_stage();
    for (uint32_t i = 0; i < stage_.tensors.size(); ++i) storages_.push_back(choose_storage(i));
    schedule_ = schedule::RandomSchedule(stage_, storages_, seed).make();
  }

  /// Empty, or what is wrong: with the kernel itself, its rewriting for vectors of 16 bytes and for none.
  std::string check() {
    const auto plain = schedule::apply(stage_, {}, storages_);
    const auto applied = schedule::apply(stage_, schedule_, storages_);
    if (!plain) return "without steps: " + plain.error().message;
    if (!applied) return "apply: " + applied.error().message;
    kernel_ = *applied;
    const Bytes wanted = evaluate(*plain), got = evaluate(kernel_);
    if (std::string wrong = compare(wanted, got); !wrong.empty()) return "scheduled: " + wrong;
    if (std::string wrong = verify(kernel_); !wrong.empty()) return wrong;
    for (const uint32_t bytes : {0u, 16u}) {
      const loops::Kernel rewritten = prepared(kernel_, bytes);
      if (std::string wrong = verify(rewritten); !wrong.empty()) return wrong;
      if (evaluate(rewritten) != got) return "rewritten for " + std::to_string(bytes) + " bytes: other bits";
    }
    return compare_with_graph(wanted);
  }

  std::string describe() const {
    std::string text = source_.kind + "\n" + graph::print(g_) + loops::print(stage_);
    for (const loops::Storage& storage : storages_) text += loops::print(storage) + "\n";
    return text + schedule::print(schedule_);
  }
  const loops::Kernel& kernel() const { return kernel_; }
  const schedule::Schedule& schedule() const { return schedule_; }
  const std::string& kind() const { return source_.kind; }
  bool proved() const { return proved_; }

  /// Memories before the kernel runs, parallel to its buffers.
  std::vector<loops::Memory> memories() const {
    std::vector<loops::Memory> memories(kernel_.buffers.size());
    for (uint32_t i = 0; i < stage_.tensors.size(); ++i) memories[i].bytes = contents(i);
    return memories;
  }

 private:
  void choose_stage() {
    graph::EvalOptions options;
    options.on_value = [&](graph::ValueId id, const graph::Tensor& value) { values_[id] = value; };
    for (size_t i = 0; i < g_.inputs.size(); ++i) values_[g_.inputs[i].value] = source_.inputs[i];
    for (const auto& [id, data] : g_.constants) values_[id] = *graph::load_constant(g_, id, {});
    const auto outputs = graph::evaluate(g_, {}, source_.inputs, options);
    WEFT_CHECK(outputs.has_value(), outputs.error().message);
    std::vector<loops::Stage> stages;
    for (const lower::Group& group : lower::collect_groups(g_)) {
      const auto more = lower::lower_group(g_, group);
      for (const loops::Stage& stage : more) {
        stages.push_back(stage);
        alone_.push_back(more.size() == 1);
      }
    }
    for (const graph::Port& port : g_.outputs) {  // a group may have been folded away
      stages.push_back(lower::copy_stage(g_, port.value));
      alone_.push_back(true);
    }
    const size_t most = stages.size() > 1 ? stages.size() - (random_.chance(10) ? 0 : 1) : 1;
    const auto chosen = static_cast<size_t>(random_.below(static_cast<int64_t>(most)));
    stage_ = stages[chosen];
    whole_output_ = alone_[chosen];
  }

  int64_t rank(uint32_t tensor) const { return static_cast<int64_t>(stage_.tensors[tensor].shape.size()); }

  loops::Storage choose_storage(uint32_t tensor) {
    const loops::TensorOperand& operand = stage_.tensors[tensor];
    const bool output = tensor + 1 == stage_.tensors.size();
    constexpr bool kVectors[] = {false, true, true};
    if (!output && g_.is_constant(operand.value) && random_.chance(60)) {
      const auto machine =
          compile::machine_for({.simd128 = kVectors[random_.below(3)], .relaxed = random_.chance(50)});
      if (auto preferred = schedule::preferred_storage(stage_, tensor, machine)) return *preferred;
    }
    std::vector<uint32_t> order;
    for (uint32_t i = 0; i < operand.shape.size(); ++i) order.push_back(i);
    if (order.size() > 1 && random_.chance(40))
      for (size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[static_cast<size_t>(random_.below(static_cast<int64_t>(i)))]);
    if (!order.empty() && random_.chance(15))
      return loops::blocked_storage(operand.dtype, operand.shape, order,
                                    static_cast<uint32_t>(random_.below(rank(tensor))),
                                    random_.chance(50) ? 4 : 8);
    std::vector<int64_t> begin(order.size(), 0), end(order.size(), 0);
    if (random_.chance(50)) {
      const int64_t room = random_.chance(50) ? 9 : 3;
      for (size_t i = 0; i < order.size(); ++i) {
        begin[i] = random_.below(3);
        end[i] = random_.below(room + 1);
      }
    }
    if (order.empty() || !random_.chance(15))
      return loops::dense_storage(operand.dtype, operand.shape, order, begin, end);
    // A part of a wider tensor, as a concat's operand may lie in its result.
    const auto axis = static_cast<size_t>(random_.below(rank(tensor)));
    const int64_t before = random_.below(4), after = random_.below(4);
    std::vector<expr::Expr> whole = operand.shape;
    whole[axis] = whole[axis] + expr::Expr(before + after);
    return loops::slot(loops::dense_storage(operand.dtype, whole, order, begin, end),
                       static_cast<uint32_t>(axis), before, operand.shape[axis]);
  }

  // Contents
  /// Calls visit(byte offset in the tensor, byte offset in the storage) for every element.
  template <class Visit>
  void each_element(uint32_t tensor, Visit visit) const {
    const loops::Storage& storage = storages_[tensor];
    std::vector<int64_t> shape, index;
    for (const expr::Expr& e : stage_.tensors[tensor].shape) shape.push_back(*e.as_constant());
    int64_t count = 1;
    for (const int64_t e : shape) count *= e;
    const auto size = static_cast<int64_t>(byte_size(storage.dtype));
    for (int64_t i = 0; i < count; ++i) {
      index.assign(shape.size(), 0);
      for (int64_t axis = static_cast<int64_t>(shape.size()) - 1, rest = i; axis >= 0; --axis) {
        index[static_cast<size_t>(axis)] = rest % shape[static_cast<size_t>(axis)];
        rest /= shape[static_cast<size_t>(axis)];
      }
      int64_t at = *storage.offset.as_constant();
      for (const loops::StorageDim& dim : storage.dims) {
        const int64_t halo = dim.axis < storage.halo_begin.size() ? storage.halo_begin[dim.axis] : 0;
        at += (index[dim.axis] + halo) / dim.divisor % *dim.extent.as_constant() * *dim.stride.as_constant();
      }
      visit(static_cast<size_t>(i * size), static_cast<size_t>(at * size), static_cast<size_t>(size));
    }
  }

  Bytes contents(uint32_t tensor) const {
    const loops::Storage& storage = storages_[tensor];
    const bool output = tensor + 1 == stage_.tensors.size();
    Bytes bytes(static_cast<size_t>(*storage.elements.as_constant()) * byte_size(storage.dtype),
                output ? 0xcd : 0);
    if (output) return bytes;
    const Bytes& logical = values_.at(stage_.tensors[tensor].value).bytes;
    each_element(tensor, [&](size_t from, size_t to, size_t size) {
      std::copy_n(logical.begin() + static_cast<ptrdiff_t>(from), size,
                  bytes.begin() + static_cast<ptrdiff_t>(to));
    });
    return bytes;
  }

  /// The output's whole storage after the kernel ran.
  Bytes evaluate(const loops::Kernel& kernel) const {
    std::vector<loops::Memory> memories(kernel.buffers.size());
    for (uint32_t i = 0; i < stage_.tensors.size(); ++i) memories[i].bytes = contents(i);
    loops::evaluate(kernel, memories, {}, 0, *loops::block_count(kernel).as_constant());
    return std::move(memories[stage_.tensors.size() - 1].bytes);
  }

  // Checks
  bool pads() const {
    return std::ranges::any_of(schedule_.steps, [](const schedule::Step& step) {
      return step.kind == schedule::StepKind::split && step.tail == schedule::Tail::pad;
    });
  }

  /// Sums of other numbers depend on their order.
  bool exact() const { return source_.exact || stage_.fold.empty(); }

  /// The logical elements agree; what lies between is untouched, but for the surplus of padded splits.
  std::string compare(const Bytes& wanted, const Bytes& got) const {
    const auto output = static_cast<uint32_t>(stage_.tensors.size() - 1);
    const DType dtype = storages_[output].dtype;
    std::string wrong;
    std::vector<bool> seen(wanted.size(), false);
    each_element(output, [&](size_t at, size_t in, size_t size) {
      std::fill_n(seen.begin() + static_cast<ptrdiff_t>(in), size, true);
      if (wrong.empty() &&
          !same_element(dtype, got.data() + in, wanted.data() + in, size, exact() ? 0 : 1e-4))
        wrong = "element " + std::to_string(at / size) + " differs";
    });
    for (size_t i = 0; i < wanted.size() && !pads(); ++i)
      if (wrong.empty() && !seen[i] && wanted[i] != got[i])
        wrong = "byte " + std::to_string(i) + ", outside the tensor, was written";
    return wrong;
  }

  std::string compare_with_graph(const Bytes& got) const {
    const auto output = static_cast<uint32_t>(stage_.tensors.size() - 1);
    const auto value = values_.find(stage_.tensors[output].value);
    if (!whole_output_ || value == values_.end()) return "";
    std::string wrong;
    each_element(output, [&](size_t at, size_t in, size_t size) {
      if (wrong.empty() && !same_element(storages_[output].dtype, got.data() + in,
                                         value->second.bytes.data() + at, size, 1e-4))
        wrong = "element " + std::to_string(at / size) + " is not the graph's";
    });
    return wrong;
  }

  /// verify may miss the proof that an index stays inside, where a guard is about a fused axis: evaluation
  /// finds out.
  std::string verify(const loops::Kernel& kernel) {
    const auto valid = loops::verify(kernel);
    if (valid) return "";
    proved_ = false;
    const std::string& message = valid.error().message;
    return message.find("is not proved") != std::string::npos ? "" : "verify: " + message;
  }

  Random random_;
  SmallGraph source_;
  graph::Graph g_;
  std::map<graph::ValueId, graph::Tensor> values_;
  std::vector<bool> alone_;
  bool whole_output_ = false;
  loops::Stage stage_;
  std::vector<loops::Storage> storages_;
  schedule::Schedule schedule_;
  loops::Kernel kernel_;
  bool proved_ = true;
};

}  // namespace weft::testing
