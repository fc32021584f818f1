// Writes small ONNX models for tests: enough of protobuf to say anything, valid or not.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weft::testing {

/// A protobuf message under construction.
class Proto {
 public:
  Proto& varint(uint32_t field, uint64_t value) {
    put(uint64_t{field} << 3);
    put(value);
    return *this;
  }
  Proto& bytes(uint32_t field, std::string_view payload) {
    put(uint64_t{field} << 3 | 2);
    put(payload.size());
    text_.append(payload);
    return *this;
  }
  Proto& message(uint32_t field, const Proto& m) { return bytes(field, m.text_); }
  Proto& float32(uint32_t field, float value) {
    put(uint64_t{field} << 3 | 5);
    return raw(&value, 4);
  }
  /// Bytes as they are, well-formed or not.
  Proto& raw(const void* data, size_t size) {
    text_.append(static_cast<const char*>(data), size);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  void put(uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_.push_back(static_cast<char>(value | 0x80));
    text_.push_back(static_cast<char>(value));
  }
  std::string text_;
};

// TensorProto.DataType
inline constexpr int kFloat = 1, kUint8 = 2, kInt32 = 6, kInt64 = 7, kString = 8, kBool = 9, kFloat16 = 10,
                     kComplex64 = 14, kDouble = 11;

/// An extent, or the name of a symbolic one ("" is unknown).
using Dim = std::variant<int, std::string>;
using Dims = std::vector<int64_t>;

inline Proto tensor_header(std::string_view name, int type, const Dims& dims) {
  Proto t;
  for (const int64_t dim : dims) t.varint(1, static_cast<uint64_t>(dim));
  return t.varint(2, static_cast<uint64_t>(type)).bytes(8, name);
}
template <class T>
Proto tensor(std::string_view name, int type, const Dims& dims, const std::vector<T>& values) {
  return tensor_header(name, type, dims)
      .bytes(9, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}
inline Proto floats(std::string_view name, const Dims& dims, const std::vector<float>& values) {
  return tensor(name, kFloat, dims, values);
}
inline Proto int64s(std::string_view name, const Dims& dims, const std::vector<int64_t>& values) {
  return tensor(name, kInt64, dims, values);
}

// Attributes.
inline Proto attribute(std::string_view name, int type) {
  return Proto().bytes(1, name).varint(20, static_cast<uint64_t>(type));
}
inline Proto attr(std::string_view name, int64_t value) {
  return attribute(name, 2).varint(3, static_cast<uint64_t>(value));
}
inline Proto attr(std::string_view name, int value) { return attr(name, int64_t{value}); }
inline Proto attr(std::string_view name, float value) { return attribute(name, 1).float32(2, value); }
inline Proto attr(std::string_view name, const char* value) { return attribute(name, 3).bytes(4, value); }
inline Proto attr(std::string_view name, const std::vector<int64_t>& values) {
  Proto a = attribute(name, 7);
  for (const int64_t value : values) a.varint(8, static_cast<uint64_t>(value));
  return a;
}
inline Proto attr(std::string_view name, const std::vector<float>& values) {
  Proto a = attribute(name, 6);
  for (const float value : values) a.float32(7, value);
  return a;
}
inline Proto attr(std::string_view name, const Proto& value) { return attribute(name, 4).message(5, value); }

class OnnxModel {
 public:
  explicit OnnxModel(int64_t opset) {
    header_.varint(1, 8).message(8, Proto().varint(2, static_cast<uint64_t>(opset)));
  }

  OnnxModel& opset(std::string_view domain, int64_t version) {
    header_.message(8, Proto().bytes(1, domain).varint(2, static_cast<uint64_t>(version)));
    return *this;
  }
  OnnxModel& input(std::string_view name, const std::vector<Dim>& dims, int type = kFloat) {
    return port(11, name, dims, type);
  }
  OnnxModel& output(std::string_view name) {
    graph_.message(12, Proto().bytes(1, name));
    return *this;
  }
  OnnxModel& initializer(const Proto& tensor) {
    graph_.message(5, tensor);
    return *this;
  }
  OnnxModel& node(std::string_view op, const std::vector<std::string>& inputs,
                  const std::vector<std::string>& outputs, const std::vector<Proto>& attributes = {},
                  std::string_view name = "", std::string_view domain = "") {
    Proto n;
    for (const std::string& input : inputs) n.bytes(1, input);
    for (const std::string& output : outputs) n.bytes(2, output);
    n.bytes(4, op);
    for (const Proto& attribute : attributes) n.message(5, attribute);
    if (!name.empty()) n.bytes(3, name);
    if (!domain.empty()) n.bytes(7, domain);
    graph_.message(1, n);
    return *this;
  }
  std::string bytes() const { return Proto(header_).message(7, graph_).text(); }

 private:
  OnnxModel& port(uint32_t field, std::string_view name, const std::vector<Dim>& dims, int type) {
    Proto shape;
    for (const Dim& dim : dims) {
      Proto d;
      if (const int* extent = std::get_if<int>(&dim)) d.varint(1, static_cast<uint64_t>(int64_t{*extent}));
      else if (!std::get<std::string>(dim).empty()) d.bytes(2, std::get<std::string>(dim));
      shape.message(1, d);
    }
    const Proto tensor_type = Proto().varint(1, static_cast<uint64_t>(type)).message(2, shape);
    graph_.message(field, Proto().bytes(1, name).message(2, Proto().message(1, tensor_type)));
    return *this;
  }
  Proto header_, graph_;
};

}  // namespace weft::testing
