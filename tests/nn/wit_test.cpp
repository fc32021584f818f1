#include "nn/wit.hpp"

#include <gtest/gtest.h>

#include "support/nn_backend.hpp"

namespace weft::nn::wit {
namespace {

using Bytes = std::vector<uint8_t>;
using Dims = std::vector<uint32_t>;

struct Component {
  FakeBackend backend;
  Registry registry;
  std::vector<std::string> logged;
  Host host;

  explicit Component(Limits limits = {})
      : host(backend, registry, limits, [this](std::string_view line) { logged.emplace_back(line); }) {}

  Reply<Handle> load(std::string_view recipe, uint32_t encoding = 1, uint32_t target = 0) {
    const Bytes model = fake_model(recipe);
    const std::span<const uint8_t> parts[] = {model};
    return host.load(parts, encoding, target);
  }
  Handle context(std::string_view recipe) {
    return host.init_execution_context(load(recipe).value()).value();
  }
  Tensor tensor(const Dims& dims, TensorType type, const Bytes& data) {
    return host.tensor(dims, type, data).value();
  }
};

Bytes bytes_of(const Tensor& tensor) { return {tensor.data().begin(), tensor.data().end()}; }
Dims dims_of(const Tensor& tensor) { return {tensor.dimensions().begin(), tensor.dimensions().end()}; }

TEST(Wit, ATensorIsWhatItWasMadeOf) {
  Component component;
  const Tensor tensor = component.tensor({2, 3}, TensorType::bf16, {1, 2, 3});
  EXPECT_EQ(dims_of(tensor), Dims({2, 3}));
  EXPECT_EQ(tensor.ty(), TensorType::bf16);
  EXPECT_EQ(bytes_of(tensor), Bytes({1, 2, 3}));
}

TEST(Wit, EveryTypeByItsNumber) {
  const struct {
    const char* dtype;
    TensorType type;
    size_t size;
  } rows[] = {{"f16", TensorType::fp16, 2},  {"f32", TensorType::fp32, 4},   {"f64", TensorType::fp64, 8},
              {"bf16", TensorType::bf16, 2}, {"u8", TensorType::u8, 1},      {"i32", TensorType::i32, 4},
              {"i64", TensorType::i64, 8},   {"boolean", TensorType::u8, 1}, {"i8", TensorType::u8, 1},
              {"u16", TensorType::fp16, 2},  {"i16", TensorType::fp16, 2},   {"u32", TensorType::i32, 4},
              {"u64", TensorType::i64, 8}};
  for (const auto& row : rows) {
    Component component;
    const Handle context = component.context(std::string("identity ") + row.dtype + " 2");
    const Tensor tensor = component.tensor({2}, row.type, Bytes(2 * row.size, 1));
    const Input input{"in0", &tensor};
    const auto outputs = component.host.compute(context, std::span(&input, 1));
    ASSERT_TRUE(outputs) << row.dtype << ": " << outputs.error().data;
    ASSERT_EQ(outputs->size(), 1u);
    EXPECT_EQ((*outputs)[0].name, "out0");
    EXPECT_EQ((*outputs)[0].tensor.ty(), row.type) << row.dtype;
    EXPECT_EQ(dims_of((*outputs)[0].tensor), Dims({2}));
    EXPECT_EQ(bytes_of((*outputs)[0].tensor), Bytes(2 * row.size, 1));
  }
}

TEST(Wit, InputsByNameOrIndexInAnyOrder) {
  Component component;
  const Handle context = component.context("swap u8 1-4");
  const Tensor one = component.tensor({1}, TensorType::u8, {1}),
               two = component.tensor({2}, TensorType::u8, {2, 3});
  for (const auto& inputs :
       std::vector<std::vector<Input>>{{{"in0", &one}, {"in1", &two}}, {{"1", &two}, {"in0", &one}}}) {
    const auto outputs = component.host.compute(context, inputs);
    ASSERT_TRUE(outputs);
    EXPECT_EQ(bytes_of((*outputs)[0].tensor), Bytes({2, 3}));
    EXPECT_EQ(bytes_of((*outputs)[1].tensor), Bytes({1}));
  }
  const Tensor wrong = component.tensor({2}, TensorType::u8, {1}),
               floats = component.tensor({1}, TensorType::fp32, Bytes(4));
  const std::vector<std::vector<Input>> refused = {
      {},
      {{"in0", &one}},
      {{"in0", &one}, {"in0", &one}},
      {{"in0", &one}, {"0", &two}},
      {{"in0", &one}, {"in1", &two}, {"in2", &two}},
      {{"in0", &one}, {"2", &two}},
      {{"in0", &one}, {"-1", &two}},
      {{"in0", &one}, {"1 ", &two}},
      {{"in0", &one}, {"", &two}},
      {{"in0", &one}, {"99999999999", &two}},
      {{"in0", &one}, {"in1", &wrong}},
      {{"in0", &one}, {"in1", &floats}},
  };
  for (size_t i = 0; i < refused.size(); ++i) {
    const size_t lines = component.logged.size();
    const auto outputs = component.host.compute(context, refused[i]);
    ASSERT_FALSE(outputs) << i;
    EXPECT_EQ(outputs.error().code, ErrorCode::invalid_argument) << i;
    EXPECT_FALSE(outputs.error().data.empty());
    EXPECT_EQ(component.logged.size(), lines + 1);
  }
}

TEST(Wit, Errors) {
  Component component;
  EXPECT_EQ(component.load("refused").error().code, ErrorCode::unsupported_operation);
  EXPECT_NE(component.load("refused").error().data.find("Frobnicate"), std::string::npos);
  EXPECT_EQ(component.load("broken").error().code, ErrorCode::invalid_encoding);
  EXPECT_EQ(component.load("identity u8 1", 0).error().code, ErrorCode::invalid_encoding);
  EXPECT_EQ(component.load("identity u8 1", 1, 1).error().code, ErrorCode::unsupported_operation);
  EXPECT_EQ(component.host.load({}, 1, 0).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(component.host.load_by_name("m").error().code, ErrorCode::not_found);
  EXPECT_EQ(component.host.init_execution_context(99).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(component.host.compute(99, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(component.load("identity u8 1", 6));  // autodetect
  const Handle context = component.context("trap u8 1");
  const Tensor bad = component.tensor({1}, TensorType::u8, {255}),
               good = component.tensor({1}, TensorType::u8, {1});
  const Input traps{"in0", &bad}, runs{"in0", &good};
  EXPECT_EQ(component.host.compute(context, std::span(&traps, 1)).error().code, ErrorCode::runtime_error);
  EXPECT_TRUE(component.host.compute(context, std::span(&runs, 1)));
}

TEST(Wit, EveryCodeHasItsPlace) {
  const std::pair<Errno, ErrorCode> rows[] = {
      {Errno::invalid_argument, ErrorCode::invalid_argument},
      {Errno::invalid_encoding, ErrorCode::invalid_encoding},
      {Errno::missing_memory, ErrorCode::too_large},
      {Errno::busy, ErrorCode::runtime_error},
      {Errno::runtime_error, ErrorCode::runtime_error},
      {Errno::unsupported_operation, ErrorCode::unsupported_operation},
      {Errno::too_large, ErrorCode::too_large},
      {Errno::not_found, ErrorCode::not_found}};
  for (const auto& [code, expected] : rows) EXPECT_EQ(error_code(code), expected) << to_string(code);
}

TEST(Wit, ContextsOutliveTheirGraph) {
  Component component;
  const Handle graph = component.load("identity u8 1").value();
  const Handle context = component.host.init_execution_context(graph).value();
  component.host.drop_graph(graph);
  EXPECT_FALSE(component.host.init_execution_context(graph));
  EXPECT_EQ(component.backend.counts().models, 1);
  const Tensor tensor = component.tensor({1}, TensorType::u8, {7});
  const Input input{"in0", &tensor};
  EXPECT_TRUE(component.host.compute(context, std::span(&input, 1)));
  component.host.drop_context(context);
  component.host.drop_context(context);
  EXPECT_EQ(component.backend.counts().models, 0);
  EXPECT_FALSE(component.host.compute(context, std::span(&input, 1)));
}

TEST(Wit, ACallFromWithinACallIsRefused) {
  Component component;
  const Handle graph = component.load("reenter u8 1").value();
  const Handle context = component.host.init_execution_context(graph).value();
  const Tensor tensor = component.tensor({1}, TensorType::u8, {7});
  const Input input{"in0", &tensor};
  std::vector<Error> errors;
  component.backend.shared->during_compute = [&] {
    Host& host = component.host;
    errors.push_back(host.compute(context, std::span(&input, 1)).error());
    errors.push_back(host.load_by_name("m").error());
    errors.push_back(host.init_execution_context(graph).error());
    errors.push_back(host.tensor({}, TensorType::u8, {}).error());
    host.drop_context(context);
    host.drop_graph(graph);
    EXPECT_EQ(component.backend.counts().instances, 1);
  };
  const auto outputs = component.host.compute(context, std::span(&input, 1));
  ASSERT_TRUE(outputs) << outputs.error().data;
  EXPECT_EQ(bytes_of((*outputs)[0].tensor), Bytes({7}));
  ASSERT_EQ(errors.size(), 4u);
  for (const Error& error : errors) {
    EXPECT_EQ(error.code, ErrorCode::runtime_error);
    EXPECT_EQ(error.data, "called from within another call");
  }
  // What was dropped there has gone now.
  EXPECT_EQ(component.backend.counts().instances, 0);
  EXPECT_EQ(component.backend.counts().models, 0);
  EXPECT_FALSE(component.host.compute(context, std::span(&input, 1)));
}

TEST(Wit, TensorsCount) {
  Component component(Limits{.bytes = 1200, .tensors = 3});
  {
    const Tensor a = component.tensor({}, TensorType::u8, {}), b = component.tensor({}, TensorType::u8, {});
    const Tensor c = component.tensor({}, TensorType::u8, {});
    const auto fourth = component.host.tensor({}, TensorType::u8, {});
    ASSERT_FALSE(fourth);
    EXPECT_EQ(fourth.error().code, ErrorCode::too_large);
  }
  const Handle context = component.context("identity u8 90");  // 18 and 1000 bytes
  const Tensor tensor = component.tensor({90}, TensorType::u8, Bytes(90));
  EXPECT_FALSE(component.host.tensor({}, TensorType::u8, Bytes(150)));
  const Input input{"in0", &tensor};
  // 1112 bytes are in use, and the output takes 94: it does not fit beside it.
  EXPECT_EQ(component.host.compute(context, std::span(&input, 1)).error().code, ErrorCode::too_large);

  Component roomy(Limits{.bytes = 1206});
  const Handle fits = roomy.context("identity u8 90");
  const Tensor same = roomy.tensor({90}, TensorType::u8, Bytes(90));
  const Input given{"in0", &same};
  // Twice: what a run gave has gone before the next.
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(roomy.host.compute(fits, std::span(&given, 1)));
}

}  // namespace
}  // namespace weft::nn::wit
