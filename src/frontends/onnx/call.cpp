#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "frontends/onnx/extents.hpp"
#include "frontends/onnx/importer.hpp"
#include "frontends/onnx/inputs.hpp"
#include "frontends/onnx/numbers.hpp"
#include "frontends/onnx/ops/narrow.hpp"
#include "graph/eval.hpp"

namespace weft::onnx {
namespace {

// AttributeProto.AttributeType
constexpr int32_t kFloat = 1, kInt = 2, kText = 3, kTensor = 4, kFloats = 6, kInts = 7, kStrings = 8;

constexpr size_t kMaxNameLength =
    200;  // of names that are made up from the model's: a node must not multiply a huge one

}  // namespace

Call::Call(Importer& importer, const NodeProto& node, int64_t version)
    : importer_(importer),
      node_(node),
      version_(version),
      source_(display_name(node).substr(0, kMaxNameLength)),
      first_value_(importer.graph_.values.size()) {}

void Call::fail(ErrorKind kind, std::string message) {
  if (failed_) return;
  failed_ = true;
  error_ = {kind, std::move(message), display_name(node_)};
}

void Call::refuse(const graph::Undecided& undecided, const Error& error) {
  if (failed_) return;
  // What is wrong for some extents of a range may be right for others.
  fail(undecided.condition() ? ErrorKind::unsupported : error.kind, error.message);
  // A refused node goes on with the greatest extents: what it lacks of those says nothing.
  if (!undecided.condition() || refused_) return;
  Error otherwise = error_;
  otherwise.message = fmt::format("{}: {}", node_.op_type, error_.message);
  importer_.needed_.push_back({*undecided.condition(), std::move(otherwise)});
}

bool Call::require(const expr::Expr& condition, std::string_view otherwise) {
  if (failed_) return false;
  graph::Undecided undecided;
  if (undecided.proves(condition)) return true;
  refuse(undecided, {ErrorKind::invalid_model, std::string(otherwise), {}});
  return false;
}

Dims Call::broadcast(const Dims& a, const Dims& b) {
  graph::Undecided undecided;
  auto shape = graph::broadcast(a, b, undecided);
  if (shape) return std::move(*shape);
  refuse(undecided, shape.error());
  return {};
}

Result<void> Call::status() const {
  if (!refused_ && !failed_) return {};
  Error error = refused_ ? *refused_ : error_;
  if (refused_ || is_own_) error.message = fmt::format("{}: {}", node_.op_type, error.message);
  return std::unexpected<Error>(std::move(error));
}

ValueId Call::in(size_t index) {
  if (failed_) return kNoValue;
  if (!has(index)) {
    invalid(fmt::format("input {} is missing", index));
    return kNoValue;
  }
  const Item* item = importer_.find(node_.inputs[index]);
  if (item != nullptr && item->value != kNoValue) return item->value;
  invalid(fmt::format("input {} is {}, not a tensor", index,
                      item != nullptr && item->sequence ? "a sequence" : "nothing"));
  return kNoValue;
}

const Item& Call::item(size_t index) const {
  static const Item kNothing;
  const bool is_named = index < node_.inputs.size() && !node_.inputs[index].empty();
  const Item* item = is_named ? importer_.find(node_.inputs[index]) : nullptr;
  return item != nullptr ? *item : kNothing;
}

bool Call::has(size_t index) const { return !item(index).is_nothing(); }

std::vector<ValueId> Call::sequence(size_t index) {
  if (const Item& found = item(index); found.sequence) return *found.sequence;
  invalid(fmt::format("input {} is not a sequence", index));
  return {};
}

const GraphProto* Call::graph(std::string_view name) {
  constexpr int32_t kGraph = 5;
  const AttributeProto* attribute = find(name, kGraph);
  if (attribute == nullptr || !attribute->g) {
    invalid(fmt::format("the graph \"{}\" is missing", name));
    return nullptr;
  }
  return attribute->g.get();
}

std::vector<Item> Call::inlined(const GraphProto& body, const std::vector<Item>& arguments) {
  const bool is_skipped = failed_ && !is_own_ && error_.message.empty();
  if (failed_ && !is_skipped) return {};
  auto results = importer_.inline_graph(body, arguments);
  if (results && !is_skipped && std::ranges::none_of(*results, &Item::is_refused)) return std::move(*results);
  failed_ = true;
  is_own_ = false;
  error_ = results ? Error{ErrorKind::unsupported, {}, {}} : results.error();
  return {};
}

DType Call::dtype(ValueId value) const {
  return value == kNoValue ? DType::f32 : importer_.graph_.values[value].type.dtype;
}

int32_t Call::onnx_type(ValueId value) const {
  const auto narrow = importer_.narrow_types_.find(value);
  return narrow != importer_.narrow_types_.end() ? narrow->second : data_type_of(dtype(value));
}

void Call::set_onnx_type(ValueId value, int32_t type) {
  if (failed_) return;
  importer_.narrow_types_[value] = type;
}

Ints Call::shape(ValueId value) {
  // A refused node's converter goes on to its end; what it made no value of may have any rank.
  if (refused_ && (value == kNoValue || failed_)) return Ints(16, 1);
  if (value == kNoValue || failed_) return {};
  const graph::Shape& extents = importer_.graph_.values[value].type.shape;
  if (auto shape = graph::constant_shape(extents)) return std::move(*shape);
  for (const expr::Expr& extent : extents)
    if (!extent.as_constant() && !refused_)
      refused_ = Error{ErrorKind::unsupported,
                       fmt::format("it needs an operand of one shape; {} has the extent {}",
                                   importer_.graph_.values[value].name, expr::print(extent)),
                       display_name(node_)};
  return greatest(extents);
}

Dims Call::dims(ValueId value) const {
  return value == kNoValue || failed_ ? Dims() : Dims(importer_.graph_.values[value].type.shape);
}

int64_t Call::axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    invalid(fmt::format("axis {} of a tensor of rank {}", axis, rank));
    return 0;
  }
  return axis < 0 ? axis + rank : axis;
}

Ints Call::axes(const Ints& axes, int64_t rank) {
  Ints result;
  for (const int64_t given : axes) result.push_back(axis(given, rank));
  std::sort(result.begin(), result.end());
  if (std::adjacent_find(result.begin(), result.end()) != result.end()) invalid("an axis is given twice");
  return failed_ ? Ints{} : result;
}

const AttributeProto* Call::find(std::string_view name) const {
  for (const AttributeProto& attribute : node_.attributes)
    if (attribute.name == name) return &attribute;
  return nullptr;
}

const AttributeProto* Call::find(std::string_view name, int32_t type) {
  const AttributeProto* attribute = find(name);
  if (attribute != nullptr && attribute->type != type && attribute->type != 0) {
    invalid(fmt::format("the attribute \"{}\" has the wrong type", name));
    return nullptr;
  }
  return attribute;
}

int64_t Call::integer(std::string_view name, int64_t fallback) {
  const AttributeProto* attribute = find(name, kInt);
  return attribute != nullptr ? attribute->i : fallback;
}

int64_t Call::required_integer(std::string_view name) {
  if (!has_attribute(name)) invalid(fmt::format("the attribute \"{}\" is missing", name));
  return integer(name, 0);
}

double Call::number(std::string_view name, double fallback) {
  const AttributeProto* attribute = find(name, kFloat);
  return attribute != nullptr ? static_cast<double>(attribute->f) : fallback;
}

std::string Call::text(std::string_view name, std::string_view fallback) {
  const AttributeProto* attribute = find(name, kText);
  return attribute != nullptr ? attribute->s : std::string(fallback);
}

Ints Call::integers(std::string_view name, const Ints& fallback) {
  const AttributeProto* attribute = find(name, kInts);
  return attribute != nullptr ? attribute->ints : fallback;
}

Ints Call::small_integers(std::string_view name, const Ints& fallback) {
  constexpr int64_t kLimit = int64_t{1} << 30;
  Ints values = integers(name, fallback);
  for (const int64_t value : values)
    if (value < -kLimit || value > kLimit) invalid(fmt::format("{} = {} is out of range", name, value));
  return failed_ ? fallback : values;
}

std::vector<float> Call::numbers(std::string_view name) {
  const AttributeProto* attribute = find(name, kFloats);
  return attribute != nullptr ? attribute->floats : std::vector<float>();
}

std::vector<std::string> Call::texts(std::string_view name) {
  const AttributeProto* attribute = find(name, kStrings);
  return attribute != nullptr ? attribute->strings : std::vector<std::string>();
}

const TensorProto* Call::tensor(std::string_view name) {
  const AttributeProto* attribute = find(name, kTensor);
  return attribute != nullptr ? attribute->t.get() : nullptr;
}

bool Call::is_known(ValueId value) const { return value != kNoValue && importer_.graph_.is_constant(value); }

std::optional<std::vector<uint8_t>> Call::known_bytes(ValueId value, std::string_view what) {
  if (failed_) return std::nullopt;
  if (!is_known(value)) {
    unsupported(fmt::format("{} is computed from the model's inputs; weft needs it to be constant", what));
    return std::nullopt;
  }
  int64_t elements = 1;
  for (const int64_t extent : shape(value)) elements *= extent;
  if (elements > kMaxFoldedElements) {
    fail(ErrorKind::limit, fmt::format("{} has {} elements", what, elements));
    return std::nullopt;
  }
  auto tensor = graph::load_constant(importer_.graph_, value, importer_.blobs_);
  if (!tensor) {
    fail(tensor.error().kind, tensor.error().message);
    return std::nullopt;
  }
  return std::move(tensor->bytes);
}

Dims Call::known_extents(ValueId value, std::string_view what) {
  if (failed_) return {};
  if (const auto known = importer_.extents_.find(value); known != importer_.extents_.end())
    return known->second;
  return known_integers(value, what);
}

Ints Call::known_integers(ValueId value, std::string_view what) {
  if (const auto known = importer_.extents_.find(value); known != importer_.extents_.end() && !failed_) {
    std::string text;
    for (const expr::Expr& e : known->second) text += (text.empty() ? "" : ", ") + expr::print(e);
    unsupported(fmt::format("{} is [{}], which weft needs to be constant here", what, text));
    return {};
  }
  const auto bytes = known_bytes(value, what);
  if (!bytes) return {};
  if (is_float(dtype(value))) {
    invalid(fmt::format("{} is not an integer", what));
    return {};
  }
  return to_integers(dtype(value), *bytes);
}

std::vector<double> Call::known_numbers(ValueId value, std::string_view what) {
  const auto bytes = known_bytes(value, what);
  return bytes ? to_doubles(dtype(value), *bytes) : std::vector<double>();
}

ValueId Call::emit(Op op, std::vector<ValueId> inputs, Attributes attributes) {
  if (failed_) return kNoValue;
  if (std::ranges::find(inputs, kNoValue) != inputs.end()) {
    invalid("an operand is not a tensor");
    return kNoValue;
  }
  std::vector<graph::Type> types;
  for (const ValueId input : inputs) types.push_back(importer_.graph_.values[input].type);
  graph::Undecided undecided;
  auto type = graph::infer_type(op, types, attributes, undecided);
  if (!type) {
    refuse(undecided, type.error());
    return kNoValue;
  }
  if (importer_.graph_.nodes.size() > kMaxNodes) {
    fail(ErrorKind::limit, fmt::format("written out, the model has more than {} nodes", kMaxNodes));
    return kNoValue;
  }
  auto checked = checked_bytes(greatest(type->shape), type->dtype, kMaxResultBytes, "the result");
  if (!checked) {
    fail(checked.error().kind, checked.error().message);
    return kNoValue;
  }
  const std::string base = node_.outputs.empty() ? source_ : node_.outputs[0].substr(0, kMaxNameLength);
  std::string name = importer_.fresh_name(fmt::format("{}.{}", base, graph::info(op).name));
  const ValueId value = importer_.add_value(std::move(name), std::move(*type));
  graph::Node made{op, std::move(attributes), std::move(inputs), value, source_, -1};
  if (op == Op::state || op == Op::last) {
    keep_strings(made);
    importer_.push(std::move(made));
    return value;
  }
  auto folded = importer_.try_fold(made);
  if (!folded) {
    fail(folded.error().kind, folded.error().message);
    return kNoValue;
  }
  keep_strings(made);
  if (!*folded && !fold_extents(made)) importer_.push(std::move(made));
  return value;
}

/// What moves strings gives strings.
void Call::keep_strings(const graph::Node& made) {
  const graph::OpClass kind = graph::info(made.op).op_class;
  const bool moves = kind == graph::OpClass::movement || made.op == Op::gather || made.op == Op::scatter;
  if (made.op != Op::select && !moves) return;
  const size_t from = made.op == Op::select || made.op == Op::set_slice ? 1 : 0;
  if (is_string(made.inputs[from])) set_onnx_type(made.output, kString);
}

int32_t Call::string_id(std::string_view text) {
  importer_.strings_.id("");
  if (!is_utf8(text)) invalid("a string that is not UTF-8");
  return importer_.strings_.id(text);
}

ValueId Call::strings(const Ints& shape, const std::vector<std::string>& texts) {
  std::vector<uint8_t> ids;
  for (const std::string& text : texts) append_bits(ids, DType::i32, static_cast<uint64_t>(string_id(text)));
  const ValueId value = constant(DType::i32, shape, std::move(ids));
  set_onnx_type(value, kString);
  return value;
}

std::vector<std::string> Call::known_strings(ValueId value, std::string_view what) {
  std::vector<std::string> texts;
  if (!failed_ && !is_string(value)) invalid(fmt::format("{} holds no strings", what));
  for (const int64_t id : known_integers(value, what))
    texts.push_back(*importer_.strings_.find(static_cast<int32_t>(id)));
  return texts;
}

bool Call::fold_extents(const graph::Node& made) {
  if (importer_.graph_.symbols.empty()) return false;
  auto elements = onnx::fold_extents(importer_.graph_, made,
                                     [this](ValueId value) { return importer_.known_elements(value); });
  if (elements) define_extents(made.output, std::move(*elements));
  return elements.has_value();
}

/// Constants where they are; else nodes that compute the value, which go when nothing but shapes asks for it.
void Call::define_extents(ValueId value, graph::Shape elements) {
  const graph::Type type = importer_.graph_.values[value].type;
  if (const auto known = graph::constant_shape(elements)) {
    std::vector<uint8_t> bytes;
    for (const int64_t element : *known) append_number(bytes, type.dtype, static_cast<double>(element));
    importer_.graph_.constants.emplace(value, std::move(bytes));
    return;
  }
  importer_.extents_.emplace(value, elements);
  const auto fresh = [&](const graph::Type& of) {
    return importer_.add_value(importer_.fresh_name(importer_.graph_.values[value].name + ".extents"), of);
  };
  const auto push = [&](Op op, std::vector<ValueId> inputs, Attributes attributes, ValueId output) {
    importer_.push({op, std::move(attributes), std::move(inputs), output, source_, -1});
    return output;
  };
  const bool is_integer = type.dtype == DType::i64 || type.dtype == DType::i32;
  const DType made = is_integer ? type.dtype : DType::i64;
  const graph::Shape flat = {static_cast<int64_t>(elements.size())};
  const bool is_flat = type.shape.size() == 1;
  ValueId last = push(Op::extents, {}, graph::ExtentsAttributes{made, std::move(elements)},
                      is_flat && is_integer ? value : fresh({made, flat}));
  if (!is_flat)
    last = push(Op::reshape, {last}, graph::ReshapeAttributes{type.shape},
                is_integer ? value : fresh({made, type.shape}));
  if (!is_integer) push(Op::cast, {last}, graph::CastAttributes{type.dtype}, value);
}

ValueId Call::constant(DType dtype, const Ints& shape, std::vector<uint8_t> bytes) {
  if (failed_) return kNoValue;
  const std::string base = node_.outputs.empty() ? source_ : node_.outputs[0].substr(0, kMaxNameLength);
  const ValueId value =
      importer_.add_value(importer_.fresh_name(base + ".constant"), {dtype, graph::make_shape(shape)});
  importer_.graph_.constants.emplace(value, std::move(bytes));
  return value;
}

ValueId Call::constant(DType dtype, const Ints& shape, const std::vector<double>& values) {
  std::vector<uint8_t> bytes;
  for (const double value : values) append_number(bytes, dtype, value);
  return constant(dtype, shape, std::move(bytes));
}

ValueId Call::constant(const TensorProto& tensor) {
  if (failed_) return kNoValue;
  const bool is_known = importer_.constants_.contains(&tensor);
  auto value =
      importer_.constant_of(tensor, is_known ? std::string() : importer_.fresh_name(source_ + ".constant"));
  if (value) return *value;
  fail(value.error().kind, value.error().message);
  return kNoValue;
}

ValueId Call::vector(const Dims& values) {
  if (failed_) return kNoValue;
  const Ints shape = {static_cast<int64_t>(values.size())};
  if (const auto known = graph::constant_shape(values)) {
    std::vector<uint8_t> bytes;
    for (const int64_t value : *known) append_bits(bytes, DType::i64, static_cast<uint64_t>(value));
    return constant(DType::i64, shape, std::move(bytes));
  }
  const std::string base = node_.outputs.empty() ? source_ : node_.outputs[0].substr(0, kMaxNameLength);
  const ValueId value =
      importer_.add_value(importer_.fresh_name(base + ".extents"), {DType::i64, graph::make_shape(shape)});
  define_extents(value, values);
  return value;
}

expr::Expr Call::measured(ValueId count, int64_t most) {
  const ValueId value =
      dtype(count) == DType::i32 ? count : emit(Op::cast, {count}, graph::CastAttributes{DType::i32});
  if (failed_) return 0;
  if (const auto known = importer_.known_elements(value)) return known->front();
  const std::string base = node_.outputs.empty() ? source_ : node_.outputs[0].substr(0, kMaxNameLength);
  const std::string name = symbol_name("size", base, importer_.graph_.symbols);
  const expr::Interval range = {0, most};
  importer_.graph_.symbols.emplace(name, expr::Variable{name, range, 1});
  importer_.graph_.definitions.push_back({name, value});
  return expr::variable(name, range);
}

void Call::out(size_t index, ValueId value) {
  if (failed_ || !wants(index)) return;
  const std::string& name = node_.outputs[index];
  // What moves elements keeps what they mean.
  for (size_t i = 0; i < input_count() && !importer_.narrow_types_.contains(value); ++i) {
    const ValueId operand = item(i).value;
    const auto type = importer_.narrow_types_.find(operand);
    if (type != importer_.narrow_types_.end() && dtype(operand) == dtype(value))
      importer_.narrow_types_[value] = type->second;
  }
  // A value made for this node takes the model's name; one that the node only passes on keeps its own.
  bool is_named = value < first_value_ || importer_.scopes_.size() > 1;
  for (size_t i = 0; i < index && i < node_.outputs.size(); ++i) {
    const Item* other = importer_.find(node_.outputs[i]);
    is_named = is_named || (other != nullptr && other->value == value);
  }
  if (!is_named) importer_.graph_.values[value].name = name;
  importer_.scopes_.back().items.insert_or_assign(name, Item{value});
}

void Call::out(size_t index, Item item) {
  if (failed_ || !wants(index)) return;
  if (item.value != kNoValue) return out(index, item.value);
  importer_.scopes_.back().items.insert_or_assign(node_.outputs[index], std::move(item));
}

}  // namespace weft::onnx
