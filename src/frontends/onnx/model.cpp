#include "frontends/onnx/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "frontends/onnx/proto/fields.hpp"

namespace weft::onnx {
namespace {

struct DataType {
  std::string_view name;
  std::optional<DType> dtype;
};
// By TensorProto.DataType.
constexpr DataType kDataTypes[] = {
    {"UNDEFINED", {}},
    {"FLOAT", DType::f32},
    {"UINT8", DType::u8},
    {"INT8", DType::i8},
    {"UINT16", DType::u16},
    {"INT16", DType::i16},
    {"INT32", DType::i32},
    {"INT64", DType::i64},
    {"STRING", DType::i32},
    {"BOOL", DType::boolean},
    {"FLOAT16", DType::f16},
    {"DOUBLE", DType::f64},
    {"UINT32", DType::u32},
    {"UINT64", DType::u64},
    {"COMPLEX64", {}},
    {"COMPLEX128", {}},
    {"BFLOAT16", DType::bf16},
    // Held as bytes: ops/narrow.hpp.
    {"FLOAT8E4M3FN", DType::u8},
    {"FLOAT8E4M3FNUZ", DType::u8},
    {"FLOAT8E5M2", DType::u8},
    {"FLOAT8E5M2FNUZ", DType::u8},
    {"UINT4", DType::u8},
    {"INT4", DType::i8},
    {"FLOAT4E2M1", DType::u8},
    {"FLOAT8E8M0", DType::u8},
    {"UINT2", DType::u8},
    {"INT2", DType::i8},
};

/// float_data and double_data: one packed list stays in the file, anything else is collected.
void read_floats(Message& m, TensorProto& tensor, uint32_t bytes) {
  Range range;
  if (m.is_packed()) {
    range = m.range();
    if (range.size() % bytes != 0) m.reader().fail_at(range.begin, "a list of numbers ends inside one");
    if (!tensor.raw && tensor.bytes.empty()) {
      tensor.raw = range;
      return;
    }
  }
  if (tensor.raw) {
    tensor.bytes = m.reader().copy(*tensor.raw);
    tensor.raw.reset();
  }
  if (range.size() != 0) {
    const std::vector<uint8_t> more = m.reader().copy(range);
    tensor.bytes.insert(tensor.bytes.end(), more.begin(), more.end());
  } else if (!m.is_packed()) {
    const uint64_t value = m.fixed(bytes);
    for (uint32_t i = 0; i < bytes; ++i) tensor.bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
}

std::pair<std::string, std::string> read_entry(Message m) {
  using F = fields::StringStringEntry;
  std::pair<std::string, std::string> entry;
  while (m.next()) {
    switch (m.field()) {
      case F::key: entry.first = m.string(); break;
      case F::value: entry.second = m.string(); break;
    }
  }
  return entry;
}

void read_external(Message m, TensorProto& tensor) {
  Reader& reader = m.reader();
  const auto [key, value] = read_entry(std::move(m));
  if (!tensor.external) tensor.external.emplace();
  if (key == "location") tensor.external->location = value;
  if (key != "offset" && key != "length") return;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size())
    reader.fail_at(0, fmt::format("the external data of \"{}\" has the {} \"{}\"", tensor.name, key, value));
  if (key == "offset") tensor.external->offset = number;
  else tensor.external->length = number;
}

TensorProto read_tensor(Message m) {
  using F = fields::Tensor;
  TensorProto tensor;
  int32_t location = 0;
  while (m.next()) {
    switch (m.field()) {
      case F::dims: m.append_int64s(tensor.dims); break;
      case F::data_type: tensor.data_type = m.int32(); break;
      case F::float_data: read_floats(m, tensor, 4); break;
      case F::double_data: read_floats(m, tensor, 8); break;
      case F::int32_data:
      case F::int64_data:
      case F::uint64_data: m.append_varints(tensor.integers); break;
      case F::string_data: tensor.strings.push_back(m.string()); break;
      case F::name: tensor.name = m.string(); break;
      case F::raw_data: tensor.raw = m.range(); break;
      case F::external_data: read_external(m.message(), tensor); break;
      case F::data_location: location = m.int32(); break;
    }
  }
  if (location == 1 && !tensor.external) tensor.external.emplace();
  if (location != 1) tensor.external.reset();
  return tensor;
}

void append_floats(Message& m, std::vector<float>& out) {
  if (!m.is_packed()) {
    out.push_back(m.float32());
    return;
  }
  const Range range = m.range();
  if (range.size() % 4 != 0) m.reader().fail_at(range.begin, "a list of numbers ends inside one");
  const std::vector<uint8_t> bytes = m.reader().copy(range);
  for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    const uint32_t bits =
        bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | static_cast<uint32_t>(bytes[i + 3]) << 24;
    out.push_back(std::bit_cast<float>(bits));
  }
}

GraphProto read_graph(Message m);

AttributeProto read_attribute(Message m) {
  using F = fields::Attribute;
  AttributeProto attribute;
  while (m.next()) {
    switch (m.field()) {
      case F::name: attribute.name = m.string(); break;
      case F::f: attribute.f = m.float32(); break;
      case F::i: attribute.i = m.int64(); break;
      case F::s: attribute.s = m.string(); break;
      case F::t: attribute.t = std::make_shared<TensorProto>(read_tensor(m.message())); break;
      case F::g: attribute.g = std::make_shared<GraphProto>(read_graph(m.message())); break;
      case F::ref_attr_name: attribute.reference = m.string(); break;
      case F::floats: append_floats(m, attribute.floats); break;
      case F::ints: m.append_int64s(attribute.ints); break;
      case F::strings: attribute.strings.push_back(m.string()); break;
      case F::type: attribute.type = m.int32(); break;
    }
  }
  return attribute;
}

NodeProto read_node(Message m) {
  using F = fields::Node;
  NodeProto node;
  while (m.next()) {
    switch (m.field()) {
      case F::input: node.inputs.push_back(m.string()); break;
      case F::output: node.outputs.push_back(m.string()); break;
      case F::name: node.name = m.string(); break;
      case F::op_type: node.op_type = m.string(); break;
      case F::attribute: node.attributes.push_back(read_attribute(m.message())); break;
      case F::domain: node.domain = m.string(); break;
    }
  }
  if (node.domain == "ai.onnx") node.domain.clear();
  return node;
}

Dimension read_dimension(Message m) {
  using F = fields::Dimension;
  Dimension dimension;
  while (m.next()) {
    switch (m.field()) {
      case F::dim_value: dimension.value = m.int64(); break;
      case F::dim_param: dimension.parameter = m.string(); break;
    }
  }
  return dimension;
}

void read_tensor_type(Message m, ValueInfoProto& value) {
  value.is_tensor = true;
  while (m.next()) {
    if (m.field() == fields::TypeTensor::elem_type) value.data_type = m.int32();
    if (m.field() != fields::TypeTensor::shape) continue;
    value.has_shape = true;
    Message shape = m.message();
    while (shape.next())
      if (shape.field() == fields::TensorShape::dim) value.dims.push_back(read_dimension(shape.message()));
  }
}

void read_sequence_type(Message m, ValueInfoProto& value) {
  while (m.next()) {
    if (m.field() != fields::TypeSequence::elem_type) continue;
    Message type = m.message();
    while (type.next())
      if (type.field() == fields::Type::tensor_type) read_tensor_type(type.message(), value);
  }
  value.is_sequence = value.is_tensor;  // of sequences and maps: neither
  value.is_tensor = false;
}

void read_optional_type(Message m, ValueInfoProto& value) {
  value.is_optional = true;
  while (m.next()) {
    if (m.field() != fields::TypeOptional::elem_type) continue;
    Message type = m.message();
    while (type.next())
      if (type.field() == fields::Type::tensor_type) read_tensor_type(type.message(), value);
      else if (type.field() == fields::Type::sequence_type) read_sequence_type(type.message(), value);
  }
}

ValueInfoProto read_value_info(Message m) {
  using F = fields::ValueInfo;
  ValueInfoProto value;
  while (m.next()) {
    if (m.field() == F::name) value.name = m.string();
    if (m.field() != F::type) continue;
    Message type = m.message();
    while (type.next())
      if (type.field() == fields::Type::tensor_type) read_tensor_type(type.message(), value);
      else if (type.field() == fields::Type::sequence_type) read_sequence_type(type.message(), value);
      else if (type.field() == fields::Type::optional_type) read_optional_type(type.message(), value);
  }
  return value;
}

/// The smallest useful message takes a few bytes here and hundreds in memory: refusing useless ones bounds
/// the growth.
void check_useful(Message& m, bool useful, std::string_view what) {
  if (!useful) m.reader().fail_at(0, fmt::format("the graph has {}", what));
}

GraphProto read_graph(Message m) {
  using F = fields::Graph;
  GraphProto graph;
  while (m.next()) {
    switch (m.field()) {
      case F::node:
        graph.nodes.push_back(read_node(m.message()));
        check_useful(m, !graph.nodes.back().op_type.empty(), "a node without an operator");
        break;
      case F::name: graph.name = m.string(); break;
      case F::initializer:
        graph.initializers.push_back(read_tensor(m.message()));
        check_useful(m, !graph.initializers.back().name.empty(), "an initializer without a name");
        break;
      case F::input:
        graph.inputs.push_back(read_value_info(m.message()));
        check_useful(m, !graph.inputs.back().name.empty(), "an input without a name");
        break;
      case F::output:
        graph.outputs.push_back(read_value_info(m.message()));
        check_useful(m, !graph.outputs.back().name.empty(), "an output without a name");
        break;
      case F::sparse_initializer:
        check_useful(m, false, "a sparse initializer, which weft does not read");
        break;
    }
  }
  return graph;
}

void read_opset(Message m, std::map<std::string, int64_t>& opsets) {
  using F = fields::OperatorSetId;
  std::string domain;
  int64_t version = 0;
  while (m.next()) {
    switch (m.field()) {
      case F::domain: domain = m.string(); break;
      case F::version: version = m.int64(); break;
    }
  }
  if (domain == "ai.onnx") domain.clear();
  opsets[domain] = std::max(opsets[domain], version);
}

FunctionProto read_function(Message m) {
  using F = fields::Function;
  FunctionProto function;
  while (m.next()) {
    switch (m.field()) {
      case F::name: function.name = m.string(); break;
      case F::domain: function.domain = m.string(); break;
      case F::input: function.inputs.push_back(m.string()); break;
      case F::output: function.outputs.push_back(m.string()); break;
      case F::attribute_proto: function.defaults.push_back(read_attribute(m.message())); break;
      case F::node:
        function.body.nodes.push_back(read_node(m.message()));
        check_useful(m, !function.body.nodes.back().op_type.empty(), "a node without an operator");
        break;
      case F::opset_import: read_opset(m.message(), function.opsets); break;
    }
  }
  if (function.domain == "ai.onnx") function.domain.clear();
  function.body.name = function.name;
  return function;
}

}  // namespace

std::optional<DType> dtype_of(int32_t data_type) {
  if (data_type < 0 || static_cast<size_t>(data_type) >= std::size(kDataTypes)) return std::nullopt;
  return kDataTypes[data_type].dtype;
}

int32_t data_type_of(DType dtype) {
  for (size_t i = 0; i < std::size(kDataTypes); ++i)
    if (kDataTypes[i].dtype == dtype) return static_cast<int32_t>(i);
  return 0;
}

std::string data_type_name(int32_t data_type) {
  if (data_type < 0 || static_cast<size_t>(data_type) >= std::size(kDataTypes))
    return fmt::format("#{}", data_type);
  return std::string(kDataTypes[data_type].name);
}

const FunctionProto* find_function(const ModelProto& model, const NodeProto& node) {
  for (const FunctionProto& function : model.functions)
    if (function.name == node.op_type && function.domain == node.domain) return &function;
  return nullptr;
}

std::string display_name(const NodeProto& node) {
  if (!node.name.empty()) return node.name;
  for (const std::string& output : node.outputs)
    if (!output.empty()) return fmt::format("{} -> {}", node.op_type, output);
  return node.op_type;
}

Result<ModelProto> read_model(const Source& file) {
  using F = fields::Model;
  if (file.size() == 0) return fail(ErrorKind::invalid_model, "the model file is empty");
  Reader reader(file);
  ModelProto model;
  bool has_graph = false;
  Message m = reader.root();
  while (m.next()) {
    switch (m.field()) {
      case F::ir_version: model.ir_version = m.int64(); break;
      case F::producer_name: model.producer_name = m.string(); break;
      case F::producer_version: model.producer_version = m.string(); break;
      case F::graph:
        if (has_graph) reader.fail_at(0, "it holds two graphs");
        model.graph = read_graph(m.message());
        has_graph = true;
        break;
      case F::opset_import: read_opset(m.message(), model.opsets); break;
      case F::functions: model.functions.push_back(read_function(m.message())); break;
    }
  }
  WEFT_TRY(reader.status());
  if (!has_graph) return fail(ErrorKind::invalid_model, "the file is not an ONNX model: it holds no graph");
  if (model.opsets.empty()) model.opsets[""] = 1;  // IR versions 1 and 2 had no opset_import
  return model;
}

}  // namespace weft::onnx
