// From a graph to results by the whole middle: groups, stages, schedules, kernels, the program's evaluation.
// Compared with the graph's own evaluation.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "compile/build_program.hpp"
#include "compile/variant.hpp"
#include "graph/eval.hpp"
#include "passes/passes.hpp"
#include "schedule/gpu_rules.hpp"
#include "support/random_tensor.hpp"

namespace weft::testing {

/// A machine as the variants have them.
struct Engine {
  std::string name;
  compile::BuildOptions options;
};

inline const std::vector<Engine>& engines() {
  static const std::vector<Engine> kEngines = [] {
    std::vector<Engine> all;
    for (const wasm::WasmVariant& variant : wasm::kVariants) {
      compile::BuildOptions options;
      options.machine = compile::machine_for(variant.features);
      options.vector_bytes = static_cast<uint32_t>(wasm::vector_bytes(variant.features));
      all.push_back({std::string(variant.name), options});
    }
    compile::BuildOptions gpu;
    gpu.rules = {schedule::gpu_default_schedule, schedule::gpu_preferred_storage};
    gpu.stream_weights = false;
    all.push_back({"gpu", gpu});
    return all;
  }();
  return kEngines;
}

/// How far a result may be from the expected one: |difference| <= absolute + relative * |expected|. Integers
/// are always exact.
struct Tolerance {
  double absolute = 0, relative = 0;
};

inline double element(const graph::Tensor& t, size_t i) {
  const uint8_t* at = t.bytes.data() + i * byte_size(t.dtype);
  const auto read = [&]<class T>(T value) {
    std::memcpy(&value, at, sizeof value);
    return static_cast<double>(value);
  };
  switch (t.dtype) {
    case DType::f64: return read(double{});
    case DType::f32: return read(float{});
    case DType::i64: return read(int64_t{});
    case DType::i32: return read(int32_t{});
    case DType::u32: return read(uint32_t{});
    default: return byte_size(t.dtype) == 1 ? read(uint8_t{}) : read(uint16_t{});
  }
}

inline bool close(const graph::Tensor& got, const graph::Tensor& expected, size_t i,
                  const Tolerance& tolerance) {
  const size_t size = byte_size(got.dtype);
  if (std::memcmp(got.bytes.data() + i * size, expected.bytes.data() + i * size, size) == 0) return true;
  if (got.dtype == DType::f16) {
    const auto half = [i](const graph::Tensor& t) { return half_value(t.bytes.data() + i * 2); };
    const double a = half(got), b = half(expected);
    return (std::isnan(a) && std::isnan(b)) ||
           std::abs(a - b) <= tolerance.absolute + tolerance.relative * std::abs(b);
  }
  if (!is_float(got.dtype)) return false;
  const double a = element(got, i), b = element(expected, i);
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= tolerance.absolute + tolerance.relative * std::abs(b);
}

inline void expect_close(const graph::Tensor& got, const graph::Tensor& expected, const Tolerance& tolerance,
                         const std::string& what) {
  ASSERT_EQ(got.bytes.size(), expected.bytes.size()) << what;
  const size_t count = got.bytes.size() / byte_size(got.dtype);
  size_t wrong = 0;
  for (size_t i = 0; i < count; ++i) {
    if (close(got, expected, i, tolerance)) continue;
    if (++wrong <= 3)
      ADD_FAILURE() << what << ": element " << i << " is " << element(got, i) << ", not "
                    << element(expected, i);
  }
  EXPECT_EQ(wrong, 0u) << what << ": elements that differ, of " << count;
}

/// What evaluating a built program gives for the graph's outputs.
inline std::vector<graph::Tensor> run_program(const graph::Graph& g, const compile::BuiltProgram& built,
                                              const Blobs& blobs, const std::vector<graph::Tensor>& inputs) {
  plan::Contents contents(built.program.buffers.size());
  for (const auto& [value, buffer] : built.weights)
    contents[buffer] = graph::load_constant(g, value, blobs)->bytes;
  plan::evaluate(built.program, "prepare", contents);
  for (size_t i = 0; i < inputs.size(); ++i) contents[built.inputs[i]] = inputs[i].bytes;
  plan::evaluate(built.program, "run", contents);
  std::vector<graph::Tensor> outputs;
  for (size_t i = 0; i < built.outputs.size(); ++i) {
    const graph::Type& type = g.values[g.outputs[i].value].type;
    outputs.push_back({type.dtype, *graph::constant_shape(type.shape), contents[built.outputs[i]]});
    const size_t bytes =
        static_cast<size_t>(*graph::element_count(type.shape).as_constant()) * byte_size(type.dtype);
    outputs.back().bytes.resize(bytes);
  }
  return outputs;
}

/// Builds the graph's program for an engine, with every kernel verified before and after its rewriting.
inline Result<compile::BuiltProgram> build_verified(const graph::Graph& g, const Engine& engine,
                                                    std::string& log) {
  std::vector<std::string> nests;
  const compile::OnStage on_stage = [&](std::string_view stage, std::string_view text) {
    if (stage == "loops") nests.emplace_back(text);
    log += std::string(text) + "\n";
  };
  auto built = compile::build_program(g, engine.options, compile::Dump(on_stage));
  if (!built) return built;
  for (const std::string& nest : nests) {
    const auto kernel = loops::parse(nest);
    if (!kernel) return std::unexpected(kernel.error());
    if (const auto valid = loops::verify(*kernel); !valid) return std::unexpected(valid.error());
  }
  for (const loops::Kernel& kernel : built->program.kernels)
    if (const auto valid = loops::verify(kernel); !valid) return std::unexpected(valid.error());
  if (const auto valid = plan::verify(built->program); !valid) return std::unexpected(valid.error());
  return built;
}

/// The graph's program computes what the graph's evaluator does, on every engine.
inline void expect_same_results(const graph::Graph& original, const Tolerance& tolerance,
                                const Values& how = {}, const Blobs& blobs = {}) {
  ASSERT_TRUE(graph::verify(original).has_value())
      << graph::verify(original).error().message << graph::print(original);
  const graph::Graph g = passes::fuse_groups(original);
  std::vector<graph::Tensor> inputs;
  for (size_t i = 0; i < original.inputs.size(); ++i)
    inputs.push_back(random_tensor(original.values[original.inputs[i].value].type, i + 1, how));
  const auto expected = graph::evaluate(original, blobs, inputs);
  ASSERT_TRUE(expected.has_value()) << expected.error().message;
  for (const Engine& engine : engines()) {
    std::string log;
    const auto built = build_verified(g, engine, log);
    ASSERT_TRUE(built.has_value()) << engine.name << ": " << built.error().message << "\n"
                                   << graph::print(g) << log;
    const auto got = run_program(g, *built, blobs, inputs);
    ASSERT_EQ(got.size(), expected->size());
    for (size_t i = 0; i < got.size(); ++i) expect_close(got[i], (*expected)[i], tolerance, engine.name);
    if (::testing::Test::HasFailure()) {
      if (std::getenv("WEFT_LOG") != nullptr) std::fputs((graph::print(g) + log).c_str(), stderr);
      return;
    }
  }
}

}  // namespace weft::testing
