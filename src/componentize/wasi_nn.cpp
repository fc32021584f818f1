#include "componentize/interface.hpp"

namespace weft::componentize {
namespace {

using Kind = Type::Kind;
using Definition = TypeDefinition::Kind;

Type named(std::string_view name) { return {Kind::named, name}; }
Type own(std::string_view name) { return {Kind::own, name}; }
Type borrow(std::string_view name) { return {Kind::borrow, name}; }
Type list(Type of) { return {Kind::list, {}, {std::move(of)}}; }
Type result(Type good, Type bad) { return {Kind::result, {}, {std::move(good), std::move(bad)}}; }

const Type kString = {Kind::string};

TypeDefinition resource(std::string_view name) { return {name, Definition::resource}; }
TypeDefinition used(std::string_view name, size_t interface) { return {name, Definition::used, interface}; }
TypeDefinition enumeration(std::string_view name, std::vector<std::string_view> labels) {
  return {name, Definition::enumeration, 0, std::move(labels)};
}
TypeDefinition alias(std::string_view name, Type type) {
  return {name, Definition::alias, 0, {}, std::move(type)};
}

constexpr size_t kTensor = 0, kErrors = 1, kInference = 2;

Interface tensor() {
  const Parameter self = {"self", borrow("tensor")};
  return {"wasi:nn/tensor@0.2.0-rc-2024-10-28",
          {alias("tensor-dimensions", list({Kind::u32})),
           enumeration("tensor-type", {"FP16", "FP32", "FP64", "BF16", "U8", "I32", "I64"}),
           alias("tensor-data", list({Kind::u8})), resource("tensor")},
          {{"[constructor]tensor",
            {{"dimensions", named("tensor-dimensions")},
             {"ty", named("tensor-type")},
             {"data", named("tensor-data")}},
            own("tensor")},
           {"[method]tensor.dimensions", {self}, named("tensor-dimensions")},
           {"[method]tensor.ty", {self}, named("tensor-type")},
           {"[method]tensor.data", {self}, named("tensor-data")}}};
}

Interface errors() {
  const Parameter self = {"self", borrow("error")};
  return {
      "wasi:nn/errors@0.2.0-rc-2024-10-28",
      {enumeration("error-code", {"invalid-argument", "invalid-encoding", "timeout", "runtime-error",
                                  "unsupported-operation", "too-large", "not-found", "security", "unknown"}),
       resource("error")},
      {{"[method]error.code", {self}, named("error-code")}, {"[method]error.data", {self}, kString}}};
}

Interface inference() {
  return {"wasi:nn/inference@0.2.0-rc-2024-10-28",
          {used("error", kErrors), used("tensor", kTensor),
           alias("named-tensor", {Kind::tuple, {}, {kString, own("tensor")}}),
           resource("graph-execution-context")},
          {{"[method]graph-execution-context.compute",
            {{"self", borrow("graph-execution-context")}, {"inputs", list(named("named-tensor"))}},
            result(list(named("named-tensor")), own("error"))}}};
}

Interface graph() {
  const Type made = result(own("graph"), own("error"));
  return {"wasi:nn/graph@0.2.0-rc-2024-10-28",
          {used("error", kErrors), used("tensor", kTensor), used("graph-execution-context", kInference),
           resource("graph"),
           enumeration("graph-encoding",
                       {"openvino", "onnx", "tensorflow", "pytorch", "tensorflowlite", "ggml", "autodetect"}),
           enumeration("execution-target", {"cpu", "gpu", "tpu"}), alias("graph-builder", list({Kind::u8}))},
          {{"[method]graph.init-execution-context",
            {{"self", borrow("graph")}},
            result(own("graph-execution-context"), own("error"))},
           {"load",
            {{"builder", list(named("graph-builder"))},
             {"encoding", named("graph-encoding")},
             {"target", named("execution-target")}},
            made},
           {"load-by-name", {{"name", kString}}, made}}};
}

}  // namespace

const std::vector<Interface>& wasi_nn() {
  static const std::vector<Interface> interfaces = {tensor(), errors(), inference(), graph()};
  return interfaces;
}

}  // namespace weft::componentize
