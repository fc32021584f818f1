// The state of one import, and what a converter of one operator sees of it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "frontends/onnx/dimensions.hpp"
#include "frontends/onnx/model.hpp"
#include "frontends/onnx/onnx.hpp"
#include "graph/strings.hpp"
#include "graph/undecided.hpp"

namespace weft::onnx {

using graph::Attributes;
using graph::kNoValue;
using graph::Op;
using graph::ValueId;

inline constexpr int64_t kMaxExtent = int64_t{1} << 40;
inline constexpr uint64_t kMaxTensorBytes = uint64_t{1} << 32;  ///< inputs and initializers
inline constexpr uint64_t kMaxResultBytes = uint64_t{1} << 31;  ///< what a node computes
inline constexpr size_t kMaxNodes = size_t{1} << 18;            ///< of the graph, with loops written out
inline constexpr int64_t kMaxUnrolled = 512;              ///< steps of a recurrence that are written out
inline constexpr int64_t kMaxFoldedElements = 64 * 1024;  ///< of a value that is computed at import
inline constexpr int64_t kMaxSequence = 4096;             ///< tensors of a sequence that is an input
inline constexpr int kRangeDepth = 16;                    ///< operations that range_of looks through
inline constexpr size_t kMaxCheckName = 200;

/// Bytes of a tensor, counting an extent of 0 as 1 so that no extent escapes the bound. Errors: invalid_model
/// for a negative extent, limit above kMaxExtent or above `max_bytes`.
Result<uint64_t> checked_bytes(const Ints& shape, DType dtype, uint64_t max_bytes, std::string_view what);

/// A shape whose extents may depend on symbols.
class Dims : public graph::Shape {
 public:
  Dims() = default;
  Dims(graph::Shape shape) : graph::Shape(std::move(shape)) {}         // NOLINT: shapes are dims
  Dims(const Ints& shape) : graph::Shape(graph::make_shape(shape)) {}  // NOLINT
  Dims(std::initializer_list<expr::Expr> extents) : graph::Shape(extents) {}
};

/// What elements lie between, where that is known.
struct ValueRange {
  std::optional<expr::Expr> min, max;
};

/// The greatest extents that a shape may have; at least 0 each.
Ints greatest(const graph::Shape& shape);

/// What a name of the model stands for: a tensor, a sequence of tensors whose length is known at import, or
/// nothing (an optional without a value).
struct Item {
  ValueId value = kNoValue;
  std::optional<std::vector<ValueId>> sequence = {};
  bool is_refused = false;  ///< nothing, since weft refuses the node that computes it, or one before
  bool is_nothing() const { return value == kNoValue && !sequence; }
};

/// The names of one graph, or of a function's body, which sees none around it.
struct Scope {
  std::map<std::string, Item, std::less<>> items;
  bool is_function = false;
  const std::map<std::string, int64_t>* opsets = nullptr;
};

struct OpRow;

class Importer {
 public:
  Importer(const ModelProto& model, const Blobs& blobs, const ReadOptions& options, Dimensions& dimensions);
  /// Goes on after a node that weft refuses as unsupported, without what depends on it, and fails at the end.
  Result<Import> run();
  /// The nodes that run() refused, one entry an operator and reason, in the order in which they were met.
  const std::vector<Unsupported>& refused() const { return refused_; }
  /// What refused nodes lacked, where it is a condition on symbols; in the same order.
  const std::vector<Requirement>& needed() const { return needed_; }

 private:
  friend class Call;
  Result<void> add_inputs();
  /// An input of the graph, or a constant where the user says so.
  Result<ValueId> add_tensor_input(const ValueInfoProto& input, const graph::Type& type);
  Result<void> add_initializers();
  Result<void> add_outputs();
  /// Every bound that the user gave was asked for.
  Result<void> check_bounds() const;
  /// The tensor's value: made when it is first met, since a graph of a loop is put in place again and again.
  Result<ValueId> constant_of(const TensorProto& tensor, const std::string& name);
  /// The ids of a tensor of strings.
  Result<ValueId> add_strings(const TensorProto& tensor, const std::string& name);
  /// A packed tensor of the file, as bytes and nodes that take them apart.
  Result<ValueId> add_packed(const TensorProto& tensor, const std::string& name);
  Result<std::vector<size_t>> order_of(const GraphProto& graph) const;
  Result<void> convert_nodes(const GraphProto& graph, const std::vector<size_t>& order);
  Result<void> convert_node(const NodeProto& node);
  Result<void> convert_by_row(const NodeProto& node, const OpRow& row, int64_t version);
  bool reads_refused(const NodeProto& node) const;
  void add_refusal(const NodeProto& node, int64_t version, const std::string& reason);
  /// The results of a graph or a function's body for these arguments, with its nodes in place.
  Result<std::vector<Item>> inline_graph(const GraphProto& body, const std::vector<Item>& arguments);
  Result<void> inline_function(const FunctionProto& function, const NodeProto& node);
  const Item* find(std::string_view name) const;
  /// A constant of the graph from a tensor of the file.
  Result<ValueId> add_tensor(const TensorProto& tensor, const std::string& name);
  Result<graph::ConstantData> external_data(const TensorProto& tensor, uint64_t bytes);
  ValueId add_value(std::string name, graph::Type type);
  std::string fresh_name(const std::string& base);
  bool is_foldable(ValueId value) const;
  /// The elements of a small value of integers, or of integers in floats, where they are known.
  std::optional<graph::Shape> known_elements(ValueId value) const;
  /// The node that makes the value, if one does.
  const graph::Node* producer(ValueId value);
  /// What the elements of a value of integers lie between, by the operations that make it.
  ValueRange range_of(ValueId value, int depth);
  ValueRange range_of_constant(ValueId value) const;
  /// The result when all operands are small constants, within the import's budget.
  Result<bool> try_fold(const graph::Node& node);
  /// Appends a node, as far out of the loops around as what it depends on allows: what does not change from
  /// one iteration to the next is computed once. Branches keep what stands in them, since they may not run.
  void push(graph::Node node);
  /// The innermost loop that the value belongs to, or kConstant.
  int32_t place(ValueId value) const;
  int32_t place(const graph::Node& node) const;

  /// What a conversion has made so far.
  struct Mark {
    size_t values, nodes, loops, definitions, checks, scopes;
    int32_t loop;
    decltype(graph::Graph::symbols) symbols;
    std::vector<Unsupported> refused;
    std::map<std::string, size_t> refusals;
    std::set<std::pair<size_t, std::string>> blamed;
    bool has_refused;
    size_t needed;
    std::set<std::tuple<ValueId, std::string, int32_t>> checked;
    int64_t random_nodes;
  };
  Mark mark() const;
  /// Takes back what was made since.
  void roll_back(const Mark& mark);

  const ModelProto& model_;
  const ReadOptions& options_;
  Dimensions& dimensions_;
  std::vector<Requirement> needed_;
  graph::Graph graph_;
  Blobs blobs_;
  size_t inlined_ = 0;                                       ///< graphs put in place so far
  std::map<const GraphProto*, std::vector<size_t>> orders_;  ///< of the nodes of graphs put in place
  std::vector<Scope> scopes_;                                ///< the innermost last
  std::map<const TensorProto*, ValueId> constants_;          ///< by the tensor of the file
  std::vector<Unsupported> refused_;
  std::map<std::string, size_t> refusals_;           ///< by operator and reason: index into refused_
  std::set<std::pair<size_t, std::string>> blamed_;  ///< entries of refused_ and nodes that they name
  bool has_refused_ = false;                         ///< some item is refused
  std::set<std::string, std::less<>> model_names_;   ///< of the values of the model's graph
  std::set<std::string, std::less<>> names_;         ///< of the model's values and of graph_'s
  std::map<std::string, int64_t, std::less<>> suffixes_;
  static constexpr int32_t kConstant = -2;   ///< place of what depends on constants only
  int32_t loop_ = graph::kNoLoop;            ///< the innermost loop that is being made
  std::vector<int32_t> places_;              ///< by value: where its node stands
  std::map<ValueId, graph::Shape> extents_;  ///< elements of values that are computed from symbols
  std::map<ValueId, ValueRange> ranges_;     ///< of values whose converter knows it
  std::set<std::tuple<ValueId, std::string, int32_t>>
      checked_;                          ///< indices, the extents that they are held to, and in which loop
  std::map<ValueId, size_t> producers_;  ///< places of the first `indexed_` nodes
  size_t indexed_ = 0;
  std::set<std::string, std::less<>> used_bounds_;
  ValueId seed_ = kNoValue;
  int64_t random_nodes_ = 0;
  /// Of values that hold a narrow type (ops/narrow.hpp) or strings (ops/strings.hpp).
  std::map<ValueId, int32_t> narrow_types_;
  graph::Strings strings_;                                 ///< the model's own
  std::map<std::string, uint32_t, std::less<>> external_;  ///< opened data files: path -> blob
  uint64_t
      fold_budget_;  ///< bytes that folding may still touch: many small nodes must not multiply into hours
};

/// One ONNX node being converted. Errors stick: after the first, everything returns empty values (kNoValue,
/// no extents) and the node is refused. A converter that indexes into a shape checks ok() first.
class Call {
 public:
  Call(Importer& importer, const NodeProto& node, int64_t version);

  const NodeProto& node() const { return node_; }
  int64_t version() const { return version_; }  ///< of the operator set
  bool ok() const { return !failed_; }
  void fail(ErrorKind kind, std::string message);
  void invalid(std::string message) { fail(ErrorKind::invalid_model, std::move(message)); }
  void unsupported(std::string message) { fail(ErrorKind::unsupported, std::move(message)); }
  Result<void> status() const;
  /// What status() says, without the operator's name; empty when all that failed is a node of an inner graph,
  /// which was refused by itself.
  const std::string& reason() const { return refused_ ? refused_->message : error_.message; }
  /// Whether a condition on extents holds; fails with what is wrong otherwise. Where the ranges of symbols do
  /// not decide it, they are narrowed to what meets it, and the model is imported again.
  bool require(const expr::Expr& condition, std::string_view otherwise);
  /// The same for an extent that is a multiple of one.
  bool require_multiple(const expr::Expr& extent, int64_t of, std::string_view otherwise) {
    return require(expr::equal(expr::mod(extent, of), 0), otherwise);
  }
  /// numpy's broadcast; requires that it is one.
  Dims broadcast(const Dims& a, const Dims& b);

  // Operands.

  /// The tensors of a sequence; fails when the operand is none.
  std::vector<ValueId> sequence(size_t index);
  /// Whatever the operand is; nothing when it is absent.
  const Item& item(size_t index) const;
  size_t input_count() const { return node_.inputs.size(); }
  bool has(size_t index) const;  ///< whether it is given, and holds something
  ValueId in(size_t index);      ///< fails when absent
  const std::string& name(ValueId value) const { return importer_.graph_.values[value].name; }
  DType dtype(ValueId value) const;
  /// TensorProto.DataType: what the elements mean, which for types that the graph has not is more than
  /// dtype().
  int32_t onnx_type(ValueId value) const;
  void set_onnx_type(ValueId value, int32_t type);
  /// Whether the elements (i32) are ids of strings.
  bool is_string(ValueId value) const { return onnx_type(value) == kString; }
  /// The id that a string of the model has; fails when it is not UTF-8.
  int32_t string_id(std::string_view text);
  /// The shape as constants. Where an extent depends on symbols the node is refused (unsupported), but its
  /// converter goes on with the greatest extents.
  Ints shape(ValueId value);
  Dims dims(ValueId value) const;
  int64_t rank(ValueId value) const { return static_cast<int64_t>(dims(value).size()); }
  int64_t axis(int64_t axis, int64_t rank);  ///< into [0, rank); fails outside [-rank, rank)
  /// Sorted and distinct; fails on a repetition.
  Ints axes(const Ints& axes, int64_t rank);

  // Attributes; fail on a wrong type.
  bool has_attribute(std::string_view name) const { return find(name) != nullptr; }
  int64_t integer(std::string_view name, int64_t fallback);
  int64_t required_integer(std::string_view name);
  double number(std::string_view name, double fallback);
  std::string text(std::string_view name, std::string_view fallback);
  Ints integers(std::string_view name, const Ints& fallback = {});
  /// As integers; fails when one is beyond 2^30 or below -2^30, so that products of two stay in range.
  Ints small_integers(std::string_view name, const Ints& fallback = {});
  std::vector<float> numbers(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  const TensorProto* tensor(std::string_view name);

  // Values known at import.
  bool is_known(ValueId value) const;
  Ints known_integers(ValueId value, std::string_view what);  ///< fails when unknown or not integers
  /// Whether its elements are known, but depend on symbols.
  bool depends_on_symbols(ValueId value) const { return importer_.extents_.contains(value); }
  /// Integers that may depend on symbols; fails when unknown.
  Dims known_extents(ValueId value, std::string_view what);
  std::vector<double> known_numbers(ValueId value, std::string_view what);       ///< fails when unknown
  std::vector<std::string> known_strings(ValueId value, std::string_view what);  ///< fails when unknown

  // Building.
  ValueId emit(Op op, std::vector<ValueId> inputs, Attributes attributes = graph::NoAttributes{});
  ValueId constant(DType dtype, const Ints& shape, std::vector<uint8_t> bytes);
  ValueId constant(DType dtype, const Ints& shape, const std::vector<double>& values);
  ValueId scalar(DType dtype, double value) { return constant(dtype, {}, std::vector<double>{value}); }
  ValueId constant(const TensorProto& tensor);
  /// Strings of the model: their ids.
  ValueId strings(const Ints& shape, const std::vector<std::string>& texts);
  ValueId vector(const Dims& values);  ///< i64[n]
  /// An extent that the model computes: a symbol that is `count`, an integer in [0, most].
  expr::Expr measured(ValueId count, int64_t most);
  /// An extent that data decides: an integer of one element in [least, bound], checked. The bound is the
  /// user's (--bound), by the node's first output; without one the node is refused. `place`: which of its
  /// extents.
  expr::Expr bounded(ValueId count, const std::string& what, size_t place = 0, int64_t least = 0);
  /// The user's bound; without one the node is refused.
  std::optional<int64_t> bound(const std::string& what, size_t place = 0);
  /// The elements of a vector of integers; `open` says what one that is not known stands for, given its value
  /// (one element) and its place.
  Dims extents_of(ValueId value, const std::string& what,
                  const std::function<expr::Expr(ValueId, size_t)>& open);
  /// The elements of a shape; those that are not known as bounded ones.
  Dims bounded_extents(ValueId value, const std::string& what, int64_t least = 0);
  /// The value; where it was moved out in front of loops of which one does not run, the other.
  ValueId where_it_runs(ValueId value, const expr::Expr& otherwise);
  /// The run ends with an error that names `what` where `value`, an integer, is not in the range.
  void check(ValueId value, const expr::Expr& min, const expr::Expr& max, const std::string& what);
  /// The same for indices that are not in [-extent, extent - 1]; nothing is computed where they are known to
  /// be.
  void check_indices(ValueId indices, const expr::Expr& extent);
  /// The seed of nodes that have none, i32[]: one input of the graph for all, kSeedInput, or a constant where
  /// the user says so.
  ValueId random_seed();
  /// How many random nodes have asked so far: they differ by that.
  int64_t next_random() { return importer_.random_nodes_++; }
  void set_range(ValueId value, const expr::Expr& min, const expr::Expr& max);

  // Loops. What is emitted between begin and end, and depends on the loop's index or states, is computed
  // again in each iteration. A value of a loop reaches the outside through a state.

  /// A loop of `trips` iterations, as long as the condition, a boolean[] from outside, is true.
  void begin_loop(const expr::Expr& trips, ValueId condition = kNoValue);
  /// How often the loop is run before this iteration.
  expr::Expr loop_index() const;
  /// A value that is `first`, which is of outside, in the first iteration.
  ValueId state(ValueId first);
  void next(ValueId state, ValueId value);
  /// It goes on only while this state is true.
  void loop_while(ValueId state);
  void end_loop();
  /// Opens a loop again, which lies in the one that is open.
  void resume_loop(size_t loop);
  /// What a state of the loop that has just ended is then.
  ValueId last(ValueId state);
  /// A value of zeros from outside of the loop.
  ValueId zeros(DType dtype, const Dims& shape);
  /// Runs it. Where it fails, what it has made is gone, and the error is returned; the call goes on.
  std::optional<Error> attempt(const std::function<void()>& make);
  /// What a branch takes at most to be computed whether its condition holds or not: a branch keeps values
  /// from being computed together. `since`: Mark of loops before.
  bool is_cheap_since(size_t nodes) const;
  size_t node_count() const { return importer_.graph_.nodes.size(); }
  /// The loops since then are none: their nodes stand where the first of them stood.
  void dissolve_loops(size_t count);
  size_t loop_count() const { return importer_.graph_.loops.size(); }
  /// Whether the value is computed in the loop that is open, or in one inside.
  bool is_inside(ValueId value, size_t loop) const;

  bool wants(size_t index) const { return index < node_.outputs.size() && !node_.outputs[index].empty(); }
  void out(size_t index, ValueId value);
  void out(size_t index, Item item);
  /// A graph attribute; fails when it is missing.
  const GraphProto* graph(std::string_view name);
  /// The results of one of the node's graphs.
  std::vector<Item> inlined(const GraphProto& body, const std::vector<Item>& arguments);

 private:
  void keep_strings(const graph::Node& made);
  /// The result of a node, where it is known as expressions over symbols.
  bool fold_extents(const graph::Node& made);
  void define_extents(ValueId value, graph::Shape elements);
  /// Fails with the error, for which a condition may have been missing.
  void refuse(const graph::Undecided& undecided, const Error& error);
  /// What an element of a value is, or the value that holds it as the only one.
  std::variant<expr::Expr, ValueId> element(ValueId value, int64_t index);
  const AttributeProto* find(std::string_view name) const;
  const AttributeProto* find(std::string_view name, int32_t type);
  std::optional<std::vector<uint8_t>> known_bytes(ValueId value, std::string_view what);

  Importer& importer_;
  const NodeProto& node_;
  int64_t version_;
  std::string source_;
  size_t first_value_;  ///< values from here on were made for this node
  bool failed_ = false;
  bool is_own_ = true;  ///< whether the error is about this node, not about one of its graphs
  Error error_;
  std::optional<Error> refused_;
};

/// How one operator is converted, for operator set versions in [since, until).
struct OpRow {
  std::string_view domain, name;
  int64_t since, until;
  void (*convert)(Call&);
};
/// Null when no row covers it.
const OpRow* find_operator(std::string_view domain, std::string_view name, int64_t version);

/// Nodes in an order in which every value is produced before it is read. Errors: a value produced twice or by
/// nothing, a cycle (its nodes are named).
Result<std::vector<size_t>> topological_order(const GraphProto& graph,
                                              const std::function<bool(std::string_view)>& is_outside);

}  // namespace weft::onnx
