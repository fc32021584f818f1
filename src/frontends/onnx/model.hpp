// The parts of an ONNX model that weft uses, as plain data. Big tensors stay in the file: only their place is
// here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/dtype.hpp"
#include "base/source.hpp"
#include "frontends/onnx/proto/reader.hpp"
#include "graph/attributes.hpp"

namespace weft::onnx {

using graph::Ints;

/// TensorProto.DataType -> the element type that holds it; nullopt for complex numbers. Types below 8 bits
/// and floats of 8 bits are held as bytes (ops/narrow.hpp), strings as ids (ops/strings.hpp).
std::optional<DType> dtype_of(int32_t data_type);
/// The DataType of an element type.
int32_t data_type_of(DType dtype);
/// "FLOAT8E4M3FN", for messages.
std::string data_type_name(int32_t data_type);
inline constexpr int32_t kString = 8;

struct ExternalData {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

struct TensorProto {
  std::string name;
  int32_t data_type = 0;
  Ints dims;
  std::optional<Range> raw;          ///< raw_data, or float_data / double_data that is one packed list
  std::vector<uint8_t> bytes;        ///< float_data, double_data otherwise: already little-endian elements
  std::vector<uint64_t> integers;    ///< int32_data, int64_data, uint64_data, one entry an element
  std::vector<std::string> strings;  ///< string_data
  std::optional<ExternalData> external;
};

struct GraphProto;

struct AttributeProto {
  std::string name;
  std::string reference;  ///< in a function: the attribute of the call that it is
  int32_t type = 0;       ///< AttributeType; 0 in files of IR version 1
  float f = 0;
  int64_t i = 0;
  std::string s;
  std::vector<float> floats;
  Ints ints;
  std::vector<std::string> strings;
  std::shared_ptr<const TensorProto> t;
  std::shared_ptr<const GraphProto> g;
};

struct NodeProto {
  std::string name, op_type, domain;
  std::vector<std::string> inputs, outputs;
  std::vector<AttributeProto> attributes;
};

/// Neither a value nor a parameter: unknown.
struct Dimension {
  std::optional<int64_t> value;
  std::string parameter;
};

struct ValueInfoProto {
  std::string name;
  bool is_tensor = false;    ///< or an optional one
  bool is_sequence = false;  ///< or an optional one; what follows is of its elements
  bool is_optional = false;
  bool has_shape = false;
  int32_t data_type = 0;
  std::vector<Dimension> dims;
};

struct GraphProto {
  std::string name;
  std::vector<NodeProto> nodes;
  std::vector<TensorProto> initializers;
  std::vector<ValueInfoProto> inputs, outputs;
};

struct FunctionProto {
  std::string domain, name;
  std::vector<std::string> inputs, outputs;
  std::vector<AttributeProto> defaults;  ///< of attributes that a call may leave out
  GraphProto body;                       ///< its nodes only
  std::map<std::string, int64_t> opsets;
};

struct ModelProto {
  int64_t ir_version = 0;
  std::string producer_name, producer_version;
  std::map<std::string, int64_t> opsets;  ///< "" is the default domain, also for files that write "ai.onnx"
  GraphProto graph;
  std::vector<FunctionProto> functions;
};

/// Reads blob 0. Fails with invalid_model on anything that is not an ONNX model.
Result<ModelProto> read_model(const Source& file);

/// The model's own function that the node calls, or null.
const FunctionProto* find_function(const ModelProto& model, const NodeProto& node);

/// The node's name, or for a nameless one its operator and first output: `Conv -> "y"`.
std::string display_name(const NodeProto& node);

}  // namespace weft::onnx
