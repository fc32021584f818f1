// Values that stay in the module between runs: a count for each extent that grows, and a way to forget.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "passes/passes.hpp"

namespace weft::passes {

using graph::Graph;
using graph::Node;
using graph::Op;
using graph::Port;
using graph::Type;
using graph::ValueId;

namespace {

std::string names(const std::vector<Port>& ports) {
  std::string all;
  for (const Port& port : ports) all += (all.empty() ? "" : ", ") + port.name;
  return all;
}

/// "a.*=b.*" -> one for each output that it fits.
Result<std::vector<State>> expanded(const Graph& g, const std::vector<State>& wanted) {
  std::vector<State> out;
  for (const State& state : wanted) {
    const size_t star = state.output.find('*'), place = state.input.find('*');
    if (star == std::string::npos || place == std::string::npos) {
      out.push_back(state);
      continue;
    }
    const std::string before = state.output.substr(0, star), after = state.output.substr(star + 1);
    const size_t found = out.size();
    for (const Port& port : g.outputs) {
      const std::string& name = port.name;
      if (name.size() < before.size() + after.size() || !name.starts_with(before) || !name.ends_with(after))
        continue;
      std::string input = state.input;
      input.replace(place, 1, name.substr(star, name.size() - before.size() - after.size()));
      out.push_back({name, std::move(input)});
    }
    if (out.size() == found)
      return fail(ErrorKind::invalid_argument, fmt::format("--state: no output is called {}; there are {}",
                                                           state.output, names(g.outputs)));
  }
  return out;
}

/// A symbol that only states have: each run leaves another value.
struct Growth {
  expr::Expr next;    ///< what it is after a run
  std::string input;  ///< a state that has it, for messages
};

class Keeper {
 public:
  Keeper(Graph g, std::string reset) : g_(std::move(g)), reset_name_(std::move(reset)) {}

  Result<KeptStates> run(const std::vector<State>& wanted) {
    WEFT_ASSIGN(states, expanded(g_, wanted));
    for (const State& state : states) WEFT_TRY(add(state));
    WEFT_TRY(check_symbols());
    rename_symbols();
    std::vector<Node> nodes = std::move(g_.nodes);
    g_.nodes.clear();
    reset_ = graph::add_input(g_, reset_name_, {DType::boolean, {}});
    for (const auto& [symbol, growth] : growing_) start(symbol, growth);
    std::map<ValueId, ValueId> stands;
    for (const auto& [input, output] : pairs_) stands[input] = forgettable(input);
    for (Node& node : nodes) {
      for (ValueId& operand : node.inputs)
        if (const auto found = stands.find(operand); found != stands.end()) operand = found->second;
      g_.nodes.push_back(std::move(node));
    }
    for (Port& port : g_.outputs)
      if (const auto found = stands.find(port.value); found != stands.end()) port.value = found->second;
    for (graph::Loop& loop : g_.loops) {
      for (graph::Carried& carried : loop.carried)
        if (const auto found = stands.find(carried.next); found != stands.end()) carried.next = found->second;
      if (const auto found = stands.find(loop.condition); found != stands.end())
        loop.condition = found->second;
    }
    for (const auto& [symbol, growth] : growing_) finish(symbol, growth);
    return KeptStates{std::move(g_), std::move(states_)};
  }

 private:
  static Result<ValueId> find(const std::vector<Port>& ports, const std::string& name, const char* what) {
    const auto found = std::ranges::find(ports, name, &Port::name);
    if (found != ports.end()) return found->value;
    return fail(ErrorKind::invalid_argument,
                fmt::format("--state: no {} is called {}; there are {}", what, name, names(ports)));
  }

  Result<void> add(const State& state) {
    WEFT_ASSIGN(output, find(g_.outputs, state.output, "output"));
    WEFT_ASSIGN(input, find(g_.inputs, state.input, "input"));
    const std::string pair = state.output + "=" + state.input;
    for (const State& other : states_)
      if (other.input == state.input || other.output == state.output)
        return fail(ErrorKind::invalid_argument, "--state: " + pair + " and " + other.output + "=" +
                                                     other.input + " have one end in common");
    const Type &from = g_.values[output].type, &to = g_.values[input].type;
    if (from.dtype != to.dtype || from.shape.size() != to.shape.size()) return unlike(pair, output, input);
    for (size_t i = 0; i < to.shape.size(); ++i) {
      if (to.shape[i].as_constant()) {
        if (from.shape[i] != to.shape[i]) return unlike(pair, output, input);
        continue;
      }
      const auto own = graph::symbol_of(to.shape[i]);
      if (!own || graph::is_defined(g_, own->symbol)) return unlike(pair, output, input);
      const expr::Expr next = expr::floor_div(from.shape[i], own->step);
      const auto [known, added] = growing_.emplace(own->symbol, Growth{next, state.input});
      if (!added && known->second.next != next)
        return fail(ErrorKind::invalid_argument,
                    fmt::format("--state: {} and {} share an extent that does not grow alike: {} and {}",
                                known->second.input, state.input, expr::print(known->second.next),
                                expr::print(next)));
    }
    pairs_.emplace_back(input, output);
    states_.push_back(state);
    return {};
  }

  std::unexpected<Error> unlike(const std::string& pair, ValueId output, ValueId input) const {
    return fail(ErrorKind::invalid_argument,
                fmt::format("--state: {}: {} cannot become {}", pair, to_string(g_.values[output].type),
                            to_string(g_.values[input].type)));
  }

  /// The states alone know the extents that grow: no other input may have them.
  Result<void> check_symbols() const {
    for (const Port& port : g_.inputs) {
      if (std::ranges::find(states_, port.name, &State::input) != states_.end()) continue;
      for (const expr::Expr& extent : g_.values[port.value].type.shape)
        for (const std::string& symbol : expr::variables(extent))
          if (const auto found = growing_.find(symbol); found != growing_.end())
            return fail(ErrorKind::invalid_argument,
                        fmt::format("--state: {} and the input {} share an extent ({}), which a run may "
                                    "choose otherwise: give it as one number (--dim, --shape)",
                                    found->second.input, port.name, symbol));
    }
    if (g_.names.contains(reset_name_))
      return fail(ErrorKind::unsupported,
                  "--state: the model has a value of the name " + reset_name_ + " already");
    return {};
  }

  /// Symbols that the graph computes are called size.NAME, and come behind those that the caller chooses.
  void rename_symbols() {
    std::map<std::string, expr::Expr, std::less<>> renamed;
    std::map<std::string, Growth> growing;
    for (const auto& [symbol, growth] : growing_) {
      std::string name = "size." + (symbol.starts_with("dim.") ? symbol.substr(4) : symbol);
      while (g_.symbols.contains(name)) name += "_";
      expr::Variable variable = g_.symbols.at(symbol);
      variable.name = name;
      renamed.emplace(symbol, expr::variable(name, variable.range, variable.multiple_of));
      g_.symbols.erase(symbol);
      g_.symbols.emplace(name, std::move(variable));
      growing.emplace(name, growth);
    }
    const auto rename = [&](expr::Expr& e) {
      if (!e.as_constant()) e = expr::substitute(e, renamed);
    };
    for (auto& entry : growing) rename(entry.second.next);
    growing_ = std::move(growing);
    for (graph::Value& value : g_.values) std::ranges::for_each(value.type.shape, rename);
    for (Node& each : g_.nodes)
      std::visit(
          [&](auto& attributes) {
            attributes.fields(attributes, [&](std::string_view, auto& member) {
              if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, graph::Shape>)
                std::ranges::for_each(member, rename);
            });
          },
          each.attributes);
    for (graph::Loop& loop : g_.loops) rename(loop.trips);
    for (graph::Check& check : g_.checks) {
      rename(check.min);
      rename(check.max);
    }
  }

  ValueId node(Op op, std::vector<ValueId> inputs, graph::Attributes attributes = graph::NoAttributes{}) {
    auto made = graph::add_node(g_, op, std::move(inputs), std::move(attributes), reset_name_, "--state");
    WEFT_CHECK(made.has_value(), made.error().message);
    return *made;
  }
  ValueId scalar(DType type, int64_t value) {
    std::vector<uint8_t> bytes(byte_size(type));
    for (size_t i = 0; i < bytes.size() && i < 8; ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * i));
    return graph::add_constant(g_, reset_name_, {type, {}}, std::move(bytes));
  }

  /// The state, or zeros where the caller asks to forget it.
  ValueId forgettable(ValueId state) {
    const Type& type = g_.values[state].type;
    for (const expr::Expr& extent : type.shape) {
      const auto own = graph::symbol_of(extent);
      const expr::Interval range = own ? g_.symbols.at(own->symbol).range : expr::Interval();
      if (range.min == 0) return state;  // nothing is left of it anyway
    }
    const ValueId zero = scalar(type.dtype, 0);
    return node(Op::select, {reset_, zero, state});
  }

  static std::string counter(const std::string& symbol) { return "state." + symbol; }

  /// What the symbol is: its least value and what is counted from there, so that zeroed memory is a start.
  void start(const std::string& symbol, const Growth& growth) {
    const expr::Interval range = g_.symbols.at(symbol).range;
    const ValueId count = graph::add_input(g_, counter(symbol), {DType::i64, {}});
    const ValueId zero = scalar(DType::i64, 0);
    const ValueId kept = node(Op::select, {reset_, zero, count});
    const ValueId least = scalar(DType::i64, range.min.value_or(0));
    const ValueId value = node(Op::add, {kept, least});
    g_.checks.push_back({value, range.min.value_or(0), range.max.value_or(0), growth.input, "--state"});
    g_.definitions.push_back({symbol, node(Op::cast, {value}, graph::CastAttributes{DType::i32})});
  }

  void finish(const std::string& symbol, const Growth& growth) {
    const int64_t least = g_.symbols.at(symbol).range.min.value_or(0);
    const ValueId vector = node(Op::extents, {}, graph::ExtentsAttributes{DType::i64, {growth.next - least}});
    const ValueId next = node(Op::reshape, {vector}, graph::ReshapeAttributes{});
    const State state{counter(symbol) + ".next", counter(symbol)};
    g_.outputs.push_back({state.output, next});
    states_.push_back(state);
  }

  Graph g_;
  std::string reset_name_;
  ValueId reset_ = graph::kNoValue;
  std::vector<std::pair<ValueId, ValueId>> pairs_;
  std::vector<State> states_;
  std::map<std::string, Growth> growing_;
};

}  // namespace

Result<KeptStates> keep_states(Graph g, const std::vector<State>& wanted, std::string reset) {
  return Keeper(std::move(g), std::move(reset)).run(wanted);
}

}  // namespace weft::passes
