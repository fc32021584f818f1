// Loops of the graph while they are made: where nodes stand, states, and what is taken back.
#include <algorithm>

#include "base/check.hpp"
#include "frontends/onnx/importer.hpp"
#include "frontends/onnx/inputs.hpp"
#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

using graph::kNoLoop;

int32_t Importer::place(ValueId value) const {
  if (graph_.is_constant(value)) return kConstant;
  return value < places_.size() ? places_[value] : kNoLoop;
}

/// Of two loops around one node, the inner one comes later.
int32_t Importer::place(const graph::Node& node) const {
  if (node.op == Op::state || node.op == Op::last) return loop_;
  // What is made of nothing costs nothing where it is read.
  if (node.inputs.empty()) return loop_;
  int32_t found = kConstant;
  for (const ValueId input : node.inputs) found = std::max(found, place(input));
  for (const std::string& symbol : graph::symbols_of(graph_, node)) {
    found = std::max(found, kNoLoop);
    for (size_t i = 0; i < graph_.loops.size(); ++i)
      if (graph_.loops[i].index == symbol) found = std::max(found, static_cast<int32_t>(i));
    for (const graph::Port& port : graph_.definitions)
      if (port.name == symbol) found = std::max(found, place(port.value));
  }
  if (found == kConstant) return found;
  for (int32_t l = loop_; l > found; l = graph_.loops[static_cast<size_t>(l)].parent)
    if (graph::is_branch(graph_.loops[static_cast<size_t>(l)])) return l;
  return found;
}

void Importer::push(graph::Node node) {
  const int32_t at = place(node);
  node.loop = std::max(at, kNoLoop);
  if (node.output >= places_.size()) places_.resize(node.output + 1, kNoLoop);
  places_[node.output] = at;
  graph_.nodes.push_back(std::move(node));
}

Importer::Mark Importer::mark() const {
  return {graph_.values.size(),
          graph_.nodes.size(),
          graph_.loops.size(),
          graph_.definitions.size(),
          graph_.checks.size(),
          scopes_.size(),
          loop_,
          graph_.symbols,
          refused_,
          refusals_,
          blamed_,
          has_refused_,
          needed_.size(),
          checked_,
          random_nodes_};
}

void Importer::roll_back(const Mark& mark) {
  const auto is_new = [&](ValueId value) { return value >= mark.values; };
  const auto by_key = [&](const auto& entry) { return is_new(entry.first); };
  std::erase_if(graph_.constants, by_key);
  std::erase_if(extents_, by_key);
  std::erase_if(narrow_types_, by_key);
  std::erase_if(ranges_, by_key);
  std::erase_if(producers_, by_key);
  std::erase_if(constants_, [&](const auto& entry) { return is_new(entry.second); });
  graph_.values.resize(mark.values);
  graph_.nodes.erase(graph_.nodes.begin() + static_cast<std::ptrdiff_t>(mark.nodes), graph_.nodes.end());
  graph_.loops.resize(mark.loops);
  graph_.definitions.erase(graph_.definitions.begin() + static_cast<std::ptrdiff_t>(mark.definitions),
                           graph_.definitions.end());
  graph_.checks.erase(graph_.checks.begin() + static_cast<std::ptrdiff_t>(mark.checks), graph_.checks.end());
  indexed_ = std::min(indexed_, mark.nodes);
  checked_ = mark.checked;
  std::erase_if(graph_.inputs, [&](const graph::Port& port) { return is_new(port.value); });
  if (seed_ != kNoValue && is_new(seed_)) seed_ = kNoValue;
  random_nodes_ = mark.random_nodes;
  graph_.symbols = mark.symbols;
  refused_ = mark.refused;
  refusals_ = mark.refusals;
  blamed_ = mark.blamed;
  has_refused_ = mark.has_refused;
  needed_.erase(needed_.begin() + static_cast<std::ptrdiff_t>(mark.needed), needed_.end());
  scopes_.resize(mark.scopes);
  if (places_.size() > mark.values) places_.resize(mark.values);
  loop_ = mark.loop;
}

std::optional<Error> Call::attempt(const std::function<void()>& make) {
  if (failed_) return error_;
  const Importer::Mark mark = importer_.mark();
  const std::optional<Error> refused = refused_;
  make();
  if (!failed_ && (refused || !refused_)) return std::nullopt;
  importer_.roll_back(mark);
  const Error error = refused_ && !refused ? *refused_ : error_;
  failed_ = false;
  is_own_ = true;
  refused_ = refused;
  return error;
}

void Call::begin_loop(const expr::Expr& trips, ValueId condition) {
  if (failed_) return;
  graph::Graph& g = importer_.graph_;
  const std::string base = node_.outputs.empty() ? source_ : node_.outputs[0].substr(0, 200);
  graph::Loop loop;
  loop.parent = importer_.loop_;
  loop.index = symbol_name("step", base, g.symbols);
  loop.trips = trips;
  loop.condition = condition;
  const int64_t most = std::max<int64_t>(expr::bounds(trips).max.value_or(INT32_MAX), 1);
  g.symbols.emplace(loop.index, expr::Variable{loop.index, {0, most - 1}, 1});
  importer_.loop_ = static_cast<int32_t>(g.loops.size());
  g.loops.push_back(std::move(loop));
}

expr::Expr Call::loop_index() const {
  if (failed_) return 0;
  const graph::Graph& g = importer_.graph_;
  const expr::Variable& v = g.symbols.find(g.loops[static_cast<size_t>(importer_.loop_)].index)->second;
  return expr::variable(v.name, v.range);
}

ValueId Call::state(ValueId first) {
  const ValueId value = emit(Op::state, {first});
  if (failed_) return value;
  importer_.graph_.loops[static_cast<size_t>(importer_.loop_)].carried.push_back({value, kNoValue});
  return value;
}

void Call::next(ValueId state, ValueId value) {
  if (failed_) return;
  const graph::Graph& g = importer_.graph_;
  if (value == kNoValue || g.values[state].type != g.values[value].type)
    return unsupported("a state of two iterations differs in its type or shape");
  std::vector<graph::Carried>& all = importer_.graph_.loops[static_cast<size_t>(importer_.loop_)].carried;
  std::ranges::find(all, state, &graph::Carried::state)->next = value;
  if (is_string(value)) set_onnx_type(state, kString);  // it may have begun as zeros
}

void Call::loop_while(ValueId state) {
  if (!failed_) importer_.graph_.loops[static_cast<size_t>(importer_.loop_)].condition = state;
}

void Call::end_loop() {
  if (!failed_) importer_.loop_ = importer_.graph_.loops[static_cast<size_t>(importer_.loop_)].parent;
}

void Call::resume_loop(size_t loop) {
  if (!failed_) importer_.loop_ = static_cast<int32_t>(loop);
}

ValueId Call::last(ValueId state) { return emit(Op::last, {state}); }

ValueId Call::zeros(DType dtype, const Dims& shape) {
  if (failed_) return kNoValue;
  const ValueId zero = scalar(dtype, 0);
  const int32_t inner = importer_.loop_;
  importer_.loop_ = importer_.graph_.loops[static_cast<size_t>(inner)].parent;
  const ValueId value = emit(Op::expand, {zero}, graph::ReshapeAttributes{shape});
  importer_.loop_ = inner;
  return value;
}

bool Call::is_inside(ValueId value, size_t loop) const {
  return value != kNoValue && importer_.place(value) >= static_cast<int32_t>(loop);
}

bool Call::is_cheap_since(size_t nodes) const {
  constexpr size_t kMostNodes = 8;
  constexpr int64_t kMostElements = 1024;
  const graph::Graph& g = importer_.graph_;
  size_t count = 0;
  for (size_t i = nodes; i < g.nodes.size(); ++i) {
    const graph::Node& node = g.nodes[i];
    const graph::OpClass of = graph::info(node.op).op_class;
    if (of != graph::OpClass::elementwise && !graph::maps_indices(node.op)) return false;
    // What a branch that does not run would have checked is no error.
    if (std::ranges::find(g.checks, node.output, &graph::Check::value) != g.checks.end()) return false;
    int64_t elements = 1;
    for (const int64_t extent : greatest(g.values[node.output].type.shape))
      elements =
          std::min<int64_t>(kMostElements + 1, elements * std::min<int64_t>(extent, kMostElements + 1));
    if (elements > kMostElements || ++count > kMostNodes) return false;
  }
  return true;
}

void Call::dissolve_loops(size_t count) {
  graph::Graph& g = importer_.graph_;
  if (failed_ || g.loops.size() <= count) return;
  const int32_t around = g.loops[count].parent;
  const auto dissolved = [&](int32_t loop) { return loop >= static_cast<int32_t>(count); };
  for (graph::Node& node : g.nodes)
    if (dissolved(node.loop)) node.loop = around;
  for (int32_t& place : importer_.places_)
    if (dissolved(place)) place = around;
  for (size_t i = count; i < g.loops.size(); ++i) g.symbols.erase(g.loops[i].index);
  g.loops.resize(count);
}

}  // namespace weft::onnx
