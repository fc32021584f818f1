// Loops: nesting, what may be read where, states.
#include "graph/verify_loops.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "graph/text.hpp"

namespace weft::graph {
namespace {

std::unexpected<Error> broken(std::string message, std::string node = {}) {
  return fail(ErrorKind::invalid_model, std::move(message), std::move(node));
}

class Verifier {
 public:
  explicit Verifier(const Graph& g) : g_(g) {}

  Result<void> run() {
    loop_of_ = loops_of_values(g_);
    for (size_t i = 0; i < g_.loops.size(); ++i) WEFT_TRY(head(i));
    for (const Node& n : g_.nodes)
      if (n.loop < kNoLoop || n.loop >= count()) return broken("there is no such loop", n.source);
    WEFT_TRY(nesting());
    for (const Node& n : g_.nodes) WEFT_TRY(node(n));
    for (size_t i = 0; i < g_.loops.size(); ++i) WEFT_TRY(states(i));
    for (const Check& check : g_.checks)
      for (const expr::Expr& end : {check.min, check.max})
        for (const std::string& symbol : expr::variables(end))
          WEFT_TRY(known_in(symbol, loop_of_[check.value], check.source));
    for (const Port& port : g_.outputs)
      if (loop_of_[port.value] != kNoLoop) return broken("the output is a value of a loop", port.name);
    return {};
  }

 private:
  int32_t count() const { return static_cast<int32_t>(g_.loops.size()); }
  const Loop& loop(int32_t index) const { return g_.loops[static_cast<size_t>(index)]; }
  std::string name(ValueId id) const { return value_token(g_.values[id].name); }

  Result<void> head(size_t index) const {
    const Loop& l = g_.loops[index];
    if (l.parent < kNoLoop || l.parent >= static_cast<int32_t>(index))
      return broken("a loop comes before the one around it", l.index);
    const auto symbol = g_.symbols.find(l.index);
    if (symbol == g_.symbols.end()) return broken("the index of a loop is no symbol", l.index);
    if (std::ranges::count(g_.loops, l.index, &Loop::index) != 1 ||
        std::ranges::count(g_.definitions, l.index, &Port::name) != 0)
      return broken("the index of two loops, or defined besides", l.index);
    const expr::Interval trips = expr::bounds(l.trips), range = symbol->second.range;
    if (!trips.min || *trips.min < 0 || !trips.max || *trips.max > INT32_MAX)
      return broken(fmt::format("the loop has {} trips", expr::print(l.trips)), l.index);
    if (range.min != 0 || *range.max < *trips.max - 1 || symbol->second.multiple_of != 1)
      return broken("the range of the loop's index does not fit its trips", l.index);
    for (const std::string& variable : expr::variables(l.trips)) {
      const auto given = g_.symbols.find(variable);
      if (given == g_.symbols.end()) return broken(variable + " is no symbol of the graph", l.index);
      WEFT_TRY(known_in(variable, l.parent, l.index));
    }
    return {};
  }

  /// An index has a value in its loop only, and so has what a loop defines.
  Result<void> known_in(const std::string& symbol, int32_t place, const std::string& node) const {
    int32_t owner = kNoLoop;
    for (size_t i = 0; i < g_.loops.size(); ++i)
      if (g_.loops[i].index == symbol) owner = static_cast<int32_t>(i);
    for (const Port& port : g_.definitions)
      if (port.name == symbol) owner = loop_of_[port.value];
    if (is_inside(g_, place, owner)) return {};
    return broken(symbol + " is used outside of its loop", node);
  }

  /// The nodes of a loop follow each other.
  Result<void> nesting() const {
    std::vector<bool> ended(g_.loops.size());
    int32_t open = kNoLoop;
    for (const Node& n : g_.nodes) {
      for (; !is_inside(g_, n.loop, open); open = loop(open).parent) ended[static_cast<size_t>(open)] = true;
      for (int32_t l = n.loop; l != open; l = loop(l).parent)
        if (ended[static_cast<size_t>(l)]) return broken("the loop goes on after its end", loop(l).index);
      open = n.loop;
    }
    return {};
  }

  Result<void> node(const Node& n) const {
    for (const std::string& symbol : symbols_of(g_, n)) WEFT_TRY(known_in(symbol, n.loop, n.source));
    const int32_t around = n.loop == kNoLoop ? kNoLoop : loop(n.loop).parent;
    for (const ValueId input : n.inputs) {
      const int32_t made = loop_of_[input];
      if (n.op == Op::last) {
        if (made == kNoLoop || loop(made).parent != n.loop || carried(made, input) == nullptr)
          return broken(name(n.output) + " is the last value of what is no state of a loop there", n.source);
      } else if (!is_inside(g_, n.op == Op::state ? around : n.loop, made)) {
        return broken(fmt::format("{} reads {}, which belongs to another loop", name(n.output), name(input)),
                      n.source);
      }
    }
    if (n.op == Op::state && (n.loop == kNoLoop || carried(n.loop, n.output) == nullptr))
      return broken(name(n.output) + " is a state without a next value", n.source);
    return {};
  }

  const Carried* carried(int32_t index, ValueId state) const {
    const auto found = std::ranges::find(loop(index).carried, state, &Carried::state);
    return found == loop(index).carried.end() ? nullptr : &*found;
  }

  Result<void> states(size_t at) const {
    const auto index = static_cast<int32_t>(at);
    const Loop& l = g_.loops[at];
    for (const Carried& c : l.carried) WEFT_TRY(state(index, l, c));
    if (l.condition == kNoValue) return {};
    if (l.condition >= g_.values.size() || g_.values[l.condition].type != Type{DType::boolean, {}})
      return broken("the condition is not a boolean", l.index);
    if (carried(index, l.condition) == nullptr && !is_inside(g_, l.parent, loop_of_[l.condition]))
      return broken(name(l.condition) + " is not known before the loop, nor a state of it", l.index);
    return {};
  }

  Result<void> state(int32_t index, const Loop& l, const Carried& c) const {
    if (c.state >= g_.values.size() || c.next >= g_.values.size())
      return broken("a state or its next value is none", l.index);
    const auto maker = std::ranges::find(g_.nodes, c.state, &Node::output);
    if (maker == g_.nodes.end() || maker->op != Op::state || maker->loop != index ||
        std::ranges::count(l.carried, c.state, &Carried::state) != 1)
      return broken(name(c.state) + " is no state of the loop, or has two next values", l.index);
    if (!is_inside(g_, index, loop_of_[c.next]))
      return broken(name(c.next) + " belongs to another loop", l.index);
    if (g_.values[c.state].type != g_.values[c.next].type)
      return broken(fmt::format("{} is {}, the next value {}", name(c.state),
                                to_string(g_.values[c.state].type), to_string(g_.values[c.next].type)),
                    l.index);
    for (const expr::Expr& extent : g_.values[c.state].type.shape)
      for (const std::string& symbol : expr::variables(extent)) WEFT_TRY(known_in(symbol, l.parent, l.index));
    return {};
  }

  const Graph& g_;
  std::vector<int32_t> loop_of_;
};

}  // namespace

Result<void> verify_loops(const Graph& g) { return Verifier(g).run(); }

}  // namespace weft::graph
