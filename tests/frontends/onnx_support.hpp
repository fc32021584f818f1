// Import and run models that a test wrote.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "frontends/onnx/onnx.hpp"
#include "graph/eval.hpp"
#include "support/onnx_writer.hpp"

namespace weft::testing {

/// A Source that owns its bytes.
class StringSource final : public Source {
 public:
  explicit StringSource(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  Result<void> read(uint64_t offset, std::span<uint8_t> out) const override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset)
      return fail(ErrorKind::invalid_model, "out of the file");
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return {};
  }

 private:
  std::string bytes_;
};

inline Result<onnx::Import> import(const std::string& bytes, const onnx::ReadOptions& options = {}) {
  return onnx::read_onnx({std::make_shared<StringSource>(bytes)}, options);
}
inline Result<onnx::Import> import(const OnnxModel& model, const onnx::ReadOptions& options = {}) {
  return import(model.bytes(), options);
}

/// The error of an import that must fail: "kind: message @ node".
inline std::string error_of(const std::string& bytes, const onnx::ReadOptions& options = {}) {
  const auto result = import(bytes, options);
  if (result) return "no error";
  return std::string(to_string(result.error().kind)) + ": " + result.error().message +
         (result.error().node.empty() ? "" : " @ " + result.error().node);
}
inline std::string error_of(const OnnxModel& model, const onnx::ReadOptions& options = {}) {
  return error_of(model.bytes(), options);
}

inline ::testing::AssertionResult contains(const std::string& text, const std::string& part) {
  if (text.find(part) != text.npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "\"" << part << "\" is not in \"" << text << "\"";
}

template <class T>
graph::Tensor make_tensor(DType dtype, const graph::Ints& shape, const std::vector<T>& values) {
  graph::Tensor tensor{dtype, shape, std::vector<uint8_t>(values.size() * sizeof(T))};
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}
template <class T>
std::vector<T> values_of(const graph::Tensor& tensor) {
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

/// Imports and evaluates; a failure of either is a failed test and gives no tensors.
inline std::vector<graph::Tensor> run(const OnnxModel& model, const std::vector<graph::Tensor>& inputs) {
  const auto imported = import(model);
  if (!imported) {
    ADD_FAILURE() << to_string(imported.error());
    return {};
  }
  const auto outputs = graph::evaluate(imported->graph, imported->blobs, inputs);
  if (!outputs) {
    ADD_FAILURE() << to_string(outputs.error()) << "\n" << graph::print(imported->graph);
    return {};
  }
  return *outputs;
}

/// One f32 input "x", one output "y".
inline graph::Tensor run1(const OnnxModel& model, const graph::Ints& shape, const std::vector<float>& x) {
  auto outputs = run(model, {make_tensor(DType::f32, shape, x)});
  return outputs.size() == 1 ? outputs[0] : graph::Tensor{};
}

inline void expect_near(const graph::Tensor& actual, const graph::Ints& shape,
                        const std::vector<float>& expected, float tolerance = 1e-5f) {
  EXPECT_EQ(actual.shape, shape);
  const std::vector<float> values = values_of<float>(actual);
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], tolerance) << "at " << i;
}

}  // namespace weft::testing
