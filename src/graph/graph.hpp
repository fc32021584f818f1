// Graph IR: what is computed, on logical shapes, with no word about layout, speed or device.
//
// Semantics. A graph is a list of nodes in topological order over immutable values (SSA: one definition per
// value). Integers wrap (two's complement); integer division truncates toward zero, by zero it is undefined
// but does not trap the compiler. Floats are IEEE 754 with one rounding per operation, but a contraction may
// sum in any order and may fuse multiply-add; NaN payloads and signs are unspecified; minimum/maximum
// propagate NaN; round is to nearest even. Float to integer casts truncate and saturate. A boolean is 0 or 1.
// Nodes have no side effects; an unused node may be dropped. Dimensions are expr::Expr: an integer, or an
// expression over the graph's symbols, each with a range. A symbol is chosen by the caller, or computed by
// the graph: then a definition names the value, an i32 in the symbol's range, and nodes that depend on the
// symbol come after the one that makes it. A check names a value that must lie in a range: where it does not,
// the run ends with an error. A string is an i32, its id: equal strings have equal ids, the graph's own have
// the ids of their places in its list, of which the first is empty. What reads or builds characters is a
// `custom` operation, which whoever runs the graph acts on.
//
// A loop is a run of nodes, with loops within. Its index is a symbol of its own, which counts from 0; before
// each iteration, the first too, it goes on while the index is below `trips` and its condition, if there is
// one, is true. Nodes in a loop read values from around it, but nodes around it read none from inside.
// Instead a loop has states: `state` is its operand (of outside) in the first iteration, and in each other
// one what the iteration before made of the value that `next` names. `last`, behind the loop, is its state
// when the loop has ended. The condition is a state of the loop or a value from outside. A loop of at most
// one trip with a condition is a branch. Shapes of states and trips do not depend on indices of the loop or
// of loops inside.
//
// Text form (print and parse are inverse):
//   graph "name" {
//     symbol batch in [1, 16] multiple of 1
//     strings {"", "yes", "no"}
//     %x = input "x" : f32[1, 3, 4, 4]
//     %t = input "t" : i32[3] strings                              (outputs too: output "s" = %s strings)
//     %w = constant "w" : f32[8, 3, 3, 3] = blob 0 @ 1024          (a range of a blob)
//     %b = constant "b" : f32[2] = {0.5, -1}                       (bytes held by the graph; floats
//     round-trip) %y = conv(%x, %w, %b) {strides = [1, 1], …} : f32[1, 8, 2, 2] @ "Conv_0" group 3 output "y"
//     = %y
//     define n = %count                                            (a symbol that the graph computes)
//     check %last in [-6, 5] "ids" @ "Gather_3"                    (what the error names)
//     loop i [n] {                                                 (index and trips)
//       %s = state(%b) : f32[2]
//       %t = add(%s, %s) : f32[2]
//       %go = …
//       next %s = %t
//       while %go                                                  (may be left out)
//     }
//     %r = last(%s) : f32[2]
//   }
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/dtype.hpp"
#include "base/source.hpp"
#include "expr/expr.hpp"
#include "graph/attributes.hpp"

namespace weft::graph {

enum class Op : uint8_t {
#define WEFT_OP(name, ...) name,
#include "graph/ops.def"
#undef WEFT_OP
};

enum class OpClass : uint8_t { elementwise, reduce, contraction, movement, indexing };

struct OpInfo {
  std::string_view name;
  OpClass op_class;
  int min_inputs;
  int max_inputs;  ///< -1: any number
};
const OpInfo& info(Op op);
/// Whether the op only maps indices (reshape, transpose, expand, slice): its value anywhere is its operand's
/// value elsewhere.
bool maps_indices(Op op);
/// Whether the op makes a group of its own: its result is written by several kernels.
bool stands_alone(Op op);
std::optional<Op> parse_op(std::string_view name);

/// Index into Graph::values.
using ValueId = uint32_t;
inline constexpr ValueId kNoValue = UINT32_MAX;
inline constexpr int32_t kNoLoop = -1;

struct Type {
  DType dtype = DType::f32;
  Shape shape;
  friend bool operator==(const Type&, const Type&) = default;
};

/// The bytes of a constant: a range of the model's blobs, or held here. Little-endian, row-major, logical
/// shape.
using ConstantData = std::variant<BlobRange, std::vector<uint8_t>>;

struct Value {
  std::string name;  ///< the model's name for it; unique; inputs and outputs are addressed by it
  Type type;
};

struct Node {
  Op op;
  Attributes attributes;
  std::vector<ValueId> inputs;  ///< an absent optional input is cut off the end, never in the middle
  ValueId output = kNoValue;    ///< every op has one result; a foreign op with more becomes several nodes
  std::string source;           ///< the foreign node(s) it came from, for messages and profiles
  int32_t group = -1;           ///< fuse_groups: nodes of one group become one kernel family; -1 before
  int32_t loop = kNoLoop;       ///< the innermost loop around it: index into Graph::loops
};

/// A state of a loop, and what it is in the next iteration.
struct Carried {
  ValueId state = kNoValue, next = kNoValue;
};
struct Loop {
  int32_t parent = kNoLoop;  ///< the loop around it; it comes before in Graph::loops
  std::string index;         ///< a symbol
  expr::Expr trips = 0;      ///< at most
  ValueId condition = kNoValue;
  std::vector<Carried> carried;
};

struct Port {
  std::string name;
  ValueId value;
  bool is_string = false;  ///< an input or output whose elements are ids of strings
};

/// A number that the model's inputs decide and that must lie in a range, which may depend on symbols.
struct Check {
  ValueId value;  ///< i64[]
  expr::Expr min, max;
  std::string what;    ///< the tensor that the error is about
  std::string source;  ///< the foreign node
};

struct Graph {
  std::string name;
  std::map<std::string, expr::Variable, std::less<>> symbols;
  std::vector<std::string> strings;  ///< the model's own, by id; of a graph with strings, the first is ""
  std::vector<Value> values;
  std::set<std::string, std::less<>> names;   ///< of the values: unique
  std::map<ValueId, ConstantData> constants;  ///< the values that are constants
  std::vector<Node> nodes;                    ///< topological order
  std::vector<Port> inputs, outputs;
  std::vector<Port> definitions;  ///< symbols that the graph computes, by name, and their values
  std::vector<Check> checks;
  std::vector<Loop> loops;

  bool is_constant(ValueId id) const { return constants.contains(id); }
};
/// Whether the graph computes the symbol, or counts with it; else the caller chooses it.
bool is_defined(const Graph& g, std::string_view symbol);
/// What is read besides by nodes: the values of outputs, of definitions and of checks, next states and
/// conditions of loops.
std::vector<ValueId> results(const Graph& g);

// Loops
// ---------------------------------------------------------------------------------------------------------------
/// Whether the symbol is the index of a loop.
bool is_index(const Graph& g, std::string_view symbol);
/// Whether the loop is `around`, or lies in it. Everything lies in kNoLoop.
bool is_inside(const Graph& g, int32_t loop, int32_t around);
/// Whether the loop is a branch: it runs once or not at all.
bool is_branch(const Loop& loop);
/// By value: the loop of the node that makes it.
std::vector<int32_t> loops_of_values(const Graph& g);
/// Puts the nodes of each loop together: what stood between them and is not theirs comes before them. The
/// nodes are in topological order but for that.
void gather_loops(Graph& g);

// Build
// ---------------------------------------------------------------------------------------------------------------
ValueId add_value(Graph& g, std::string name, Type type);
ValueId add_input(Graph& g, std::string name, Type type);
ValueId add_constant(Graph& g, std::string name, Type type, ConstantData data);
/// Appends a node; infers the result's type by the op's shape rule. `name` is made unique when it is taken or
/// empty. Fails (invalid_model, naming `source`) when operand types and attributes do not fit the op.
Result<ValueId> add_node(Graph& g, Op op, std::vector<ValueId> inputs, Attributes attributes,
                         std::string name, std::string source);
/// The shape rule of a row: result type from operand types.
Result<Type> infer_type(Op op, std::span<const Type> operands, const Attributes& attributes);
/// numpy's multidirectional broadcast of two shapes.
Result<Shape> broadcast(const Shape& a, const Shape& b);

// Text, checks
// --------------------------------------------------------------------------------------------------------
std::string print(const Graph& g);
Result<Graph> parse(std::string_view text);
/// Structure (ids in range, topological order, single definition), arity, attribute struct, types by the
/// shape rules, extents in [0, 2^40]. A failure after a pass is a compiler bug; after a frontend it is the
/// model's.
Result<void> verify(const Graph& g);

/// The symbol of an extent that is a multiple of one: extent = step * symbol.
struct SymbolExtent {
  std::string symbol;
  int64_t step = 1;
};
std::optional<SymbolExtent> symbol_of(const expr::Expr& extent);
/// The symbols that the node's result depends on, by its shape or by its attributes.
std::set<std::string> symbols_of(const Graph& g, const Node& node);
/// Whether its result depends on more than its operands: on symbols, or the iteration.
inline bool depends_on_symbols(const Graph& g, const Node& node) {
  return node.op == Op::state || !symbols_of(g, node).empty();
}
using SymbolValues = std::map<std::string, int64_t, std::less<>>;
/// The graph with these extents in the place of its symbols. Those that it computes need no value.
Graph specialize(Graph g, const SymbolValues& values);
/// Shapes in the attributes with these numbers in the place of symbols.
void specialize(Attributes& attributes, const SymbolValues& values);
Shape specialize(Shape shape, const SymbolValues& values);

/// "f32[1, 3, 224, 224]"
std::string to_string(const Type& type);
/// The extents when all are constant.
std::optional<Ints> constant_shape(const Shape& shape);
Shape make_shape(const Ints& extents);
expr::Expr element_count(const Shape& shape);

}  // namespace weft::graph
