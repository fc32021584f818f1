#include "frontends/onnx/importer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "frontends/onnx/extents.hpp"
#include "frontends/onnx/inputs.hpp"
#include "frontends/onnx/numbers.hpp"
#include "frontends/onnx/ops/narrow.hpp"
#include "frontends/onnx/ops/strings.hpp"
#include "graph/eval.hpp"

namespace weft::onnx {
namespace {

constexpr size_t kMaxInlining = 64;  // graphs in graphs

/// Floats are folded only where they take part in shape arithmetic (scales, ratios): weights are a pass's
/// business.
int64_t fold_limit(DType dtype) { return is_float(dtype) ? 16 : kMaxFoldedElements; }

int64_t count(const Ints& shape) {
  int64_t elements = 1;
  for (const int64_t extent : shape) elements *= extent;
  return elements;
}

bool is_cheap(Op op) {
  if (op == Op::custom) return false;
  const graph::OpClass op_class = graph::info(op).op_class;
  return op_class != graph::OpClass::contraction && op != Op::reduce_window;
}

/// Relative, inside the model's folder as far as the text tells.
bool is_safe_path(std::string_view path) {
  if (path.empty() || path[0] == '/' || path.find_first_of("\\:") != path.npos ||
      path.find('\0') != path.npos)
    return false;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    if (path.substr(0, slash) == "..") return false;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return true;
}

}  // namespace

Result<uint64_t> checked_bytes(const Ints& shape, DType dtype, uint64_t max_bytes, std::string_view what) {
  uint64_t bytes = byte_size(dtype);
  for (const int64_t extent : shape) {
    if (extent < 0)
      return fail(ErrorKind::invalid_model, fmt::format("{} has the negative extent {}", what, extent));
    if (extent > kMaxExtent)
      return fail(ErrorKind::limit,
                  fmt::format("{} has the extent {}, above the limit of 2^40", what, extent));
    const uint64_t factor = static_cast<uint64_t>(std::max<int64_t>(extent, 1));
    if (bytes > max_bytes / factor)
      return fail(ErrorKind::limit, fmt::format("{} would take more than {} GiB", what, max_bytes >> 30));
    bytes *= factor;
  }
  return bytes;
}

Ints greatest(const graph::Shape& shape) {
  Ints extents;
  for (const expr::Expr& extent : shape)
    extents.push_back(std::max<int64_t>(0, expr::bounds(extent).max.value_or(kMaxExtent + 1)));
  return extents;
}

Importer::Importer(const ModelProto& model, const Blobs& blobs, const ReadOptions& options,
                   Dimensions& dimensions)
    : model_(model),
      options_(options),
      dimensions_(dimensions),
      blobs_(blobs),
      fold_budget_((uint64_t{64} << 20) + 4 * blobs[0]->size()) {
  graph_.name = model.graph.name;
}

ValueId Importer::add_value(std::string name, graph::Type type) {
  graph_.values.push_back({std::move(name), std::move(type)});
  return static_cast<ValueId>(graph_.values.size() - 1);
}

std::string Importer::fresh_name(const std::string& base) {
  int64_t& suffix = suffixes_[base];
  std::string name = base;
  while (!names_.insert(name).second) name = fmt::format("{}.{}", base, ++suffix);
  return name;
}

Result<graph::ConstantData> Importer::external_data(const TensorProto& tensor, uint64_t bytes) {
  const ExternalData& external = *tensor.external;
  const auto problem = [&](ErrorKind kind, std::string text) {
    return weft::fail(kind, std::move(text), tensor.name);
  };
  if (!is_safe_path(external.location))
    return problem(ErrorKind::invalid_model,
                   fmt::format("its data lies in \"{}\", outside of the model's folder", external.location));
  auto it = external_.find(external.location);
  if (it == external_.end()) {
    if (!options_.open_external)
      return problem(ErrorKind::not_found,
                     fmt::format("its data lies in \"{}\", which was not given", external.location));
    auto opened = options_.open_external(external.location);
    if (!opened) return problem(opened.error().kind, std::move(opened.error().message));
    it = external_.emplace(external.location, static_cast<uint32_t>(blobs_.size())).first;
    blobs_.push_back(std::move(*opened));
  }
  const uint64_t size = blobs_[it->second]->size();
  if (external.length && *external.length != bytes)
    return problem(ErrorKind::invalid_model,
                   fmt::format("its data has {} bytes, its shape needs {}", *external.length, bytes));
  if (external.offset > size || bytes > size - external.offset)
    return problem(ErrorKind::invalid_model, fmt::format("its data ends at byte {} of \"{}\", which has {}",
                                                         external.offset + bytes, external.location, size));
  return BlobRange{it->second, external.offset, bytes};
}

Result<ValueId> Importer::add_tensor(const TensorProto& tensor, const std::string& name) {
  const auto problem = [&](ErrorKind kind, std::string text) {
    return weft::fail(kind, std::move(text), name);
  };
  const std::optional<DType> dtype = dtype_of(tensor.data_type);
  if (!dtype)
    return problem(ErrorKind::unsupported,
                   fmt::format("its element type is {}", data_type_name(tensor.data_type)));
  if (auto checked = checked_bytes(tensor.dims, *dtype, kMaxTensorBytes, "the tensor"); !checked)
    return problem(checked.error().kind, checked.error().message);
  const uint64_t elements = static_cast<uint64_t>(count(tensor.dims));
  const uint64_t bytes = elements * byte_size(*dtype);
  graph::ConstantData data;
  if (tensor.external) {
    WEFT_ASSIGN(range, external_data(tensor, bytes));
    data = std::move(range);
  } else if (tensor.raw) {
    if (tensor.raw->size() != bytes)
      return problem(ErrorKind::invalid_model,
                     fmt::format("it holds {} bytes, its shape needs {}", tensor.raw->size(), bytes));
    data = BlobRange{0, tensor.raw->begin, bytes};
  } else if (!tensor.bytes.empty()) {
    if (tensor.bytes.size() != bytes)
      return problem(ErrorKind::invalid_model,
                     fmt::format("it holds {} bytes, its shape needs {}", tensor.bytes.size(), bytes));
    data = tensor.bytes;
  } else {
    if (tensor.integers.size() != elements)
      return problem(ErrorKind::invalid_model, fmt::format("it holds {} elements, its shape needs {}",
                                                           tensor.integers.size(), elements));
    std::vector<uint8_t> held;
    held.reserve(static_cast<size_t>(bytes));
    for (const uint64_t bits : tensor.integers)
      append_bits(held, *dtype, *dtype == DType::boolean ? bits != 0 : bits);
    data = std::move(held);
  }
  const ValueId value = add_value(name, {*dtype, graph::make_shape(tensor.dims)});
  graph_.constants.emplace(value, std::move(data));
  return value;
}

Result<ValueId> Importer::add_packed(const TensorProto& tensor, const std::string& name) {
  if (auto checked = checked_bytes(tensor.dims, DType::u8, kMaxTensorBytes, "the tensor"); !checked)
    return weft::fail(checked.error().kind, checked.error().message, name);
  const int bits = narrow_bits(tensor.data_type);
  TensorProto packed;
  packed.name = tensor.name;
  packed.data_type = data_type_of(DType::u8);
  packed.dims = {(count(tensor.dims) * bits + 7) / 8};
  packed.raw = tensor.raw;
  packed.bytes = tensor.bytes;
  packed.integers = tensor.integers;
  packed.external = tensor.external;
  const auto bytes = add_tensor(packed, fresh_name(name + ".packed"));
  if (!bytes) return weft::fail(bytes.error().kind, bytes.error().message, name);
  NodeProto node;
  node.name = node.op_type = "initializer";
  node.outputs = {name};
  Call call(*this, node, 1);
  const ValueId value =
      bits == 8 ? reshape(call, *bytes, tensor.dims) : unpack(call, *bytes, tensor.data_type, tensor.dims);
  WEFT_TRY(call.status());
  narrow_types_[value] = tensor.data_type;
  return value;
}

Result<ValueId> Importer::add_strings(const TensorProto& tensor, const std::string& name) {
  if (auto checked = checked_bytes(tensor.dims, DType::i32, kMaxTensorBytes, "the tensor"); !checked)
    return weft::fail(checked.error().kind, checked.error().message, name);
  if (tensor.strings.size() != static_cast<uint64_t>(count(tensor.dims)))
    return weft::fail(
        ErrorKind::invalid_model,
        fmt::format("it holds {} strings, its shape needs {}", tensor.strings.size(), count(tensor.dims)),
        name);
  NodeProto node;
  node.name = node.op_type = "initializer";
  node.outputs = {name};
  Call call(*this, node, 1);
  const ValueId value = call.strings(tensor.dims, tensor.strings);
  WEFT_TRY(call.status());
  graph_.values[value].name = name;
  return value;
}

Result<ValueId> Importer::constant_of(const TensorProto& tensor, const std::string& name) {
  if (const auto known = constants_.find(&tensor); known != constants_.end()) return known->second;
  WEFT_ASSIGN(value, tensor.data_type == kString          ? add_strings(tensor, name)
                     : narrow_bits(tensor.data_type) != 0 ? add_packed(tensor, name)
                                                          : add_tensor(tensor, name));
  constants_.emplace(&tensor, value);
  return value;
}

std::optional<graph::Shape> Importer::known_elements(ValueId value) const {
  if (const auto known = extents_.find(value); known != extents_.end()) return known->second;
  const graph::Type& type = graph_.values[value].type;
  if (!graph_.is_constant(value) || count(greatest(type.shape)) > kMaxExtentElements) return std::nullopt;
  const auto tensor = graph::load_constant(graph_, value, blobs_);
  if (!tensor) return std::nullopt;
  graph::Shape elements;
  if (!is_float(type.dtype)) {
    for (const int64_t element : to_integers(type.dtype, tensor->bytes)) elements.emplace_back(element);
    return elements;
  }
  for (const double element : to_doubles(type.dtype, tensor->bytes)) {
    const bool is_whole =
        element >= -1e9 && element <= 1e9 && element == static_cast<double>(static_cast<int64_t>(element));
    if (!is_whole) return std::nullopt;
    elements.emplace_back(static_cast<int64_t>(element));
  }
  return elements;
}

bool Importer::is_foldable(ValueId value) const {
  if (!graph_.is_constant(value)) return false;
  const graph::Type& type = graph_.values[value].type;
  return count(*graph::constant_shape(type.shape)) <= fold_limit(type.dtype);
}

Result<bool> Importer::try_fold(const graph::Node& node) {
  const graph::Type& type = graph_.values[node.output].type;
  const auto shape = graph::constant_shape(type.shape);
  if (!shape || graph::depends_on_symbols(graph_, node)) return false;
  const int64_t elements = count(*shape);
  if (!is_cheap(node.op) || node.inputs.empty() || elements > fold_limit(type.dtype)) return false;
  uint64_t touched = static_cast<uint64_t>(elements) * byte_size(type.dtype) + 64;
  for (const ValueId input : node.inputs) {
    if (!is_foldable(input)) return false;
    const graph::Type& operand = graph_.values[input].type;
    touched +=
        static_cast<uint64_t>(count(*graph::constant_shape(operand.shape))) * byte_size(operand.dtype) + 64;
  }
  if (touched > fold_budget_) return false;
  fold_budget_ -= touched;
  std::vector<graph::Tensor> operands;
  for (const ValueId input : node.inputs) {
    WEFT_ASSIGN(operand, graph::load_constant(graph_, input, blobs_));
    operands.push_back(std::move(operand));
  }
  std::vector<const graph::Tensor*> pointers;
  for (const graph::Tensor& operand : operands) pointers.push_back(&operand);
  WEFT_ASSIGN(result, graph::evaluate_node(graph_, node, pointers));
  graph_.constants.emplace(node.output, std::move(result.bytes));
  return true;
}

namespace {

/// The elements that the user gives an input, one for all or each.
Result<std::vector<uint8_t>> constant_bytes(const graph::Type& type, const std::vector<double>& values,
                                            const std::string& name) {
  const auto shape = graph::constant_shape(type.shape);
  if (!shape)
    return weft::fail(ErrorKind::invalid_argument,
                      "--constant asks for an input of one shape, not of a range", name);
  const int64_t elements = count(*shape);
  if (values.size() != 1 && static_cast<int64_t>(values.size()) != elements)
    return weft::fail(ErrorKind::invalid_argument,
                      fmt::format("--constant gives {} numbers; the input has {}", values.size(), elements),
                      name);
  std::vector<uint8_t> bytes;
  for (int64_t i = 0; i < elements; ++i)
    append_number(bytes, type.dtype, values[values.size() == 1 ? 0 : static_cast<size_t>(i)]);
  return bytes;
}

}  // namespace

Result<void> Importer::add_inputs() {
  std::set<std::string_view> initialized;
  for (const TensorProto& tensor : model_.graph.initializers) initialized.insert(tensor.name);
  std::vector<const ValueInfoProto*>
      inputs;  // Before IR version 4 initializers are inputs too: those are constants here.
  for (const ValueInfoProto& input : model_.graph.inputs)
    if (!initialized.contains(input.name)) inputs.push_back(&input);
  WEFT_ASSIGN(tensors, tensor_inputs(inputs, options_));
  std::vector<const ValueInfoProto*> pointers;
  for (const ValueInfoProto& tensor : tensors) pointers.push_back(&tensor);
  WEFT_ASSIGN(types, resolve_inputs(pointers, options_, dimensions_));
  graph_.symbols = dimensions_.symbols();
  std::vector<ValueId> values;
  for (size_t i = 0; i < tensors.size(); ++i) {
    WEFT_ASSIGN(value, add_tensor_input(tensors[i], types[i]));
    values.push_back(value);
  }
  size_t next = 0;
  for (const ValueInfoProto* input : inputs) {
    Item item;
    if (options_.absent.contains(input->name)) {
    } else if (input->is_sequence) {
      const auto count = static_cast<size_t>(options_.sequences.find(input->name)->second);
      const auto first = values.begin() + static_cast<std::ptrdiff_t>(next);
      item.sequence.emplace(first, first + static_cast<std::ptrdiff_t>(count));
      next += count;
    } else {
      item.value = values[next++];
    }
    scopes_.back().items.emplace(input->name, std::move(item));
  }
  return {};
}

ValueId Call::random_seed() {
  if (importer_.seed_ == kNoValue && !failed_) {
    ValueInfoProto input;
    input.name = importer_.fresh_name(std::string(kSeedInput));
    auto seed = importer_.add_tensor_input(input, {DType::i32, {}});
    if (seed) importer_.seed_ = *seed;
    else fail(seed.error().kind, seed.error().message);
  }
  return importer_.seed_;
}

Result<ValueId> Importer::add_tensor_input(const ValueInfoProto& input, const graph::Type& type) {
  const ValueId value = add_value(input.name, type);
  names_.insert(input.name);
  const bool is_string = input.data_type == kString;
  if (is_string) strings_.id("");
  if (const auto given = options_.constants.find(input.name); given != options_.constants.end()) {
    if (is_string)
      return weft::fail(ErrorKind::invalid_argument, "--constant gives numbers, the input wants strings",
                        input.name);
    WEFT_ASSIGN(bytes, constant_bytes(type, given->second, input.name));
    graph_.constants.emplace(value, std::move(bytes));
  } else {
    graph_.inputs.push_back({input.name, value, is_string});
  }
  if (narrow_bits(input.data_type) != 0 || is_string) narrow_types_[value] = input.data_type;
  return value;
}

Result<void> Importer::add_initializers() {
  for (const TensorProto& tensor : model_.graph.initializers) {
    const auto value = constant_of(tensor, tensor.name);
    if (!value && value.error().kind != ErrorKind::unsupported) return std::unexpected<Error>(value.error());
    scopes_.back().items.emplace(tensor.name, value ? Item{*value} : Item{kNoValue, {}, true});
    if (value) continue;
    NodeProto node;
    node.name = tensor.name;
    node.op_type = "initializer";
    const auto opset = model_.opsets.find("");
    add_refusal(node, opset == model_.opsets.end() ? 0 : opset->second, value.error().message);
  }
  return {};
}

const Item* Importer::find(std::string_view name) const {
  for (size_t i = scopes_.size(); i-- > 0;) {
    const auto it = scopes_[i].items.find(name);
    if (it != scopes_[i].items.end()) return &it->second;
    if (scopes_[i].is_function) break;
  }
  return nullptr;
}

Result<void> Importer::add_outputs() {
  if (model_.graph.outputs.empty()) return weft::fail(ErrorKind::invalid_model, "the graph has no outputs");
  std::set<std::string, std::less<>> seen;
  const auto add = [&](const std::string& name, ValueId value) -> Result<void> {
    if (!seen.insert(name).second)
      return weft::fail(ErrorKind::invalid_model, fmt::format("two outputs are called \"{}\"", name), name);
    const auto type = narrow_types_.find(value);
    graph_.outputs.push_back({name, value, type != narrow_types_.end() && type->second == kString});
    return {};
  };
  for (const ValueInfoProto& output : model_.graph.outputs) {
    const Item* item = find(output.name);
    if (item != nullptr && item->is_nothing() && output.is_optional) continue;
    if (item == nullptr || item->is_nothing())
      return weft::fail(ErrorKind::invalid_model,
                        fmt::format("nothing produces the output \"{}\"", output.name), output.name);
    if (item->sequence) {  // one output a tensor
      for (size_t i = 0; i < item->sequence->size(); ++i)
        WEFT_TRY(add(fmt::format("{}.{}", output.name, i), (*item->sequence)[i]));
      continue;
    }
    const DType dtype = graph_.values[item->value].type.dtype;
    if (output.is_tensor && output.data_type != 0 && dtype_of(output.data_type) != dtype)
      return weft::fail(ErrorKind::invalid_model,
                        fmt::format("the output is declared {}, but computed as {}",
                                    data_type_name(output.data_type), to_string(dtype)),
                        output.name);
    const auto type = narrow_types_.find(item->value);
    const bool is_string = type != narrow_types_.end() && type->second == kString;
    if (output.is_tensor && output.data_type != 0 && (output.data_type == kString) != is_string)
      return weft::fail(ErrorKind::invalid_model,
                        fmt::format("the output is declared {}, but computed as {}",
                                    data_type_name(output.data_type), is_string ? "STRING" : "numbers"),
                        output.name);
    WEFT_TRY(add(output.name, item->value));
  }
  if (graph_.outputs.empty())
    return weft::fail(ErrorKind::unsupported,
                      "its outputs are empty sequences and optionals: nothing is computed");
  return {};
}

Result<void> Importer::check_bounds() const {
  for (const auto& [name, list] : options_.bounds)
    if (!name.empty() && !used_bounds_.contains(name))
      return weft::fail(ErrorKind::invalid_argument,
                        fmt::format("--bound names \"{}\": no node with this first output has an extent that "
                                    "data decides",
                                    name));
  return {};
}

bool Importer::reads_refused(const NodeProto& node) const {
  return has_refused_ && std::ranges::any_of(node.inputs, [&](const std::string& input) {
           const Item* item = input.empty() ? nullptr : find(input);
           return item != nullptr && item->is_refused;
         });
}

void Importer::add_refusal(const NodeProto& node, int64_t version, const std::string& reason) {
  has_refused_ = true;
  const std::string key = fmt::format("{}\n{}\n{}\n{}", node.domain, node.op_type, version, reason);
  const auto [it, is_new] = refusals_.emplace(key, refused_.size());
  if (is_new) refused_.push_back({node.domain, node.op_type, version, 0, {}, reason});
  Unsupported& entry = refused_[it->second];
  // A node of a function or of a loop is met often.
  if (!blamed_.emplace(it->second, display_name(node)).second) return;
  ++entry.count;
  entry.nodes.push_back(display_name(node));
}

Result<void> Importer::convert_by_row(const NodeProto& node, const OpRow& row, int64_t version) {
  Call call(*this, node, version);
  check_strings(call);
  if (call.ok()) row.convert(call);
  const Result<void> status = call.status();
  if (status || status.error().kind != ErrorKind::unsupported) return status;
  if (!call.reason().empty()) add_refusal(node, version, call.reason());
  return weft::fail(ErrorKind::unsupported, {});
}

Result<void> Importer::convert_node(const NodeProto& node) {
  const FunctionProto* function = find_function(model_, node);
  const auto opset = scopes_.back().opsets->find(node.domain);
  const int64_t version = opset == scopes_.back().opsets->end() ? 0 : opset->second;
  const OpRow* row =
      function == nullptr && version > 0 ? find_operator(node.domain, node.op_type, version) : nullptr;
  const size_t depth = scopes_.size();
  bool is_refused = reads_refused(node) || (function == nullptr && row == nullptr);
  if (!is_refused) {
    const Result<void> done =
        function != nullptr ? inline_function(*function, node) : convert_by_row(node, *row, version);
    if (!done && done.error().kind != ErrorKind::unsupported) return done;
    is_refused = !done;
    scopes_.resize(depth);  // an inner graph may have been left in the middle
  }
  for (const std::string& output : node.outputs) {
    if (output.empty()) continue;
    if (!is_refused && scopes_.back().items.contains(output)) continue;
    if (!is_refused)
      add_refusal(node, version, fmt::format("its output \"{}\" is not computed by weft", output));
    has_refused_ = true;
    scopes_.back().items.insert_or_assign(output, Item{kNoValue, {}, true});
  }
  return {};
}

Result<std::vector<size_t>> Importer::order_of(const GraphProto& graph) const {
  const bool is_inner = scopes_.size() > 1;
  return topological_order(graph, [&](std::string_view name) { return is_inner && find(name) != nullptr; });
}

Result<void> Importer::convert_nodes(const GraphProto& graph, const std::vector<size_t>& order) {
  for (const size_t n : order) WEFT_TRY(convert_node(graph.nodes[n]));
  return {};
}

Result<std::vector<Item>> Importer::inline_graph(const GraphProto& body, const std::vector<Item>& arguments) {
  if (scopes_.size() > kMaxInlining)
    return weft::fail(ErrorKind::limit, fmt::format("graphs in graphs, more than {} deep", kMaxInlining));
  // Loops in loops with next to nothing in them count too.
  if (++inlined_ > kMaxNodes)
    return weft::fail(ErrorKind::limit, fmt::format("its loops run more than {} times in all", kMaxNodes));
  if (arguments.size() != body.inputs.size())
    return weft::fail(ErrorKind::invalid_model, fmt::format("the graph \"{}\" has {} inputs, not {}",
                                                            body.name, body.inputs.size(), arguments.size()));
  scopes_.push_back({{}, false, scopes_.back().opsets});
  for (size_t i = 0; i < arguments.size(); ++i)
    scopes_.back().items.emplace(body.inputs[i].name, arguments[i]);
  for (const TensorProto& tensor : body.initializers) {
    const bool is_known = constants_.contains(&tensor);
    WEFT_ASSIGN(value, constant_of(tensor, is_known ? tensor.name : fresh_name(tensor.name)));
    scopes_.back().items.insert_or_assign(tensor.name, Item{value});
  }
  auto order = orders_.find(&body);
  if (order == orders_.end()) {
    WEFT_ASSIGN(sorted, order_of(body));
    order = orders_.emplace(&body, std::move(sorted)).first;
  }
  WEFT_TRY(convert_nodes(body, order->second));
  std::vector<Item> results;
  for (const ValueInfoProto& output : body.outputs) {
    const Item* item = find(output.name);
    if (item == nullptr)
      return weft::fail(ErrorKind::invalid_model,
                        fmt::format("nothing produces \"{}\" of the graph \"{}\"", output.name, body.name));
    results.push_back(*item);
  }
  scopes_.pop_back();
  return results;
}

namespace {

/// The node in a function's body, with the attributes of the call where it refers to them.
NodeProto instantiated(const NodeProto& inner, const NodeProto& call, const FunctionProto& function) {
  NodeProto node = inner;
  node.attributes.clear();
  const auto named = [](const std::vector<AttributeProto>& list, const std::string& name) {
    const auto it = std::ranges::find(list, name, &AttributeProto::name);
    return it == list.end() ? nullptr : &*it;
  };
  for (const AttributeProto& attribute : inner.attributes) {
    if (attribute.reference.empty()) {
      node.attributes.push_back(attribute);
      continue;
    }
    const AttributeProto* given = named(call.attributes, attribute.reference);
    if (given == nullptr) given = named(function.defaults, attribute.reference);
    if (given == nullptr) continue;
    node.attributes.push_back(*given);
    node.attributes.back().name = attribute.name;
  }
  return node;
}

}  // namespace

Result<void> Importer::inline_function(const FunctionProto& function, const NodeProto& node) {
  if (scopes_.size() > kMaxInlining)
    return weft::fail(ErrorKind::limit,
                      fmt::format("functions in functions, more than {} deep", kMaxInlining),
                      display_name(node));
  if (node.inputs.size() > function.inputs.size() || node.outputs.size() > function.outputs.size())
    return weft::fail(ErrorKind::invalid_model, "more operands than the function has", display_name(node));
  Scope scope{{}, true, &function.opsets};
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    const Item* given = i < node.inputs.size() && !node.inputs[i].empty() ? find(node.inputs[i]) : nullptr;
    scope.items.emplace(function.inputs[i], given != nullptr ? *given : Item{});
  }
  scopes_.push_back(std::move(scope));
  GraphProto body;
  body.name = function.name;
  for (const NodeProto& inner : function.body.nodes)
    body.nodes.push_back(instantiated(inner, node, function));
  WEFT_ASSIGN(order, order_of(body));
  WEFT_TRY(convert_nodes(body, order));
  std::vector<Item> results;
  for (const std::string& output : function.outputs) {
    const Item* item = find(output);
    results.push_back(item != nullptr ? *item : Item{});
  }
  scopes_.pop_back();
  for (size_t i = 0; i < node.outputs.size(); ++i)
    if (!node.outputs[i].empty() && (!results[i].is_nothing() || results[i].is_refused)) {
      if (scopes_.size() == 1 && results[i].value != kNoValue) {
        // The model's own name, where the value has none of it yet.
        std::string& name = graph_.values[results[i].value].name;
        if (!model_names_.contains(name)) name = node.outputs[i];
      }
      scopes_.back().items.insert_or_assign(node.outputs[i], results[i]);
    }
  return {};
}

Result<Import> Importer::run() {
  scopes_.push_back({{}, false, &model_.opsets});
  WEFT_ASSIGN(order, order_of(model_.graph));
  for (const ValueInfoProto& input : model_.graph.inputs) names_.insert(input.name);
  for (const TensorProto& tensor : model_.graph.initializers) names_.insert(tensor.name);
  for (const NodeProto& node : model_.graph.nodes) names_.insert(node.outputs.begin(), node.outputs.end());
  model_names_ = names_;
  WEFT_TRY(add_inputs());
  WEFT_TRY(add_initializers());
  WEFT_TRY(convert_nodes(model_.graph, order));
  if (has_refused_) return weft::fail(ErrorKind::unsupported, "the model holds nodes that weft refuses");
  WEFT_TRY(add_outputs());
  WEFT_TRY(check_bounds());
  for (const graph::Value& value : graph_.values) graph_.names.insert(value.name);
  graph::gather_loops(graph_);
  graph_.strings = strings_.texts();
  WEFT_TRY(graph::verify(graph_));
  return Import{std::move(graph_), std::move(blobs_), {}, dimensions_.notes()};
}

}  // namespace weft::onnx
