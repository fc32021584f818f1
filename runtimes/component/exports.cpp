// The interfaces of wasi:nn as a component exports them, over the core's wit::Host. A tensor's or an error's
// representation is the address of its object, a graph's or context's the core's handle.
//
// What is returned stays where it is until the next call: the canonical ABI copies it at once, so nothing is
// freed afterwards.
#include <memory>
#include <optional>
#include <vector>

#include "component/canonical.hpp"
#include "component/provider.hpp"
#include "nn/wit.hpp"

namespace weft::component {
namespace {

using nn::wit::Tensor;
using Failure = nn::wit::Error;

WEFT_NN_RESOURCE("tensor", "[resource-new]tensor") uint32_t new_tensor(Tensor* rep);
WEFT_NN_RESOURCE("tensor", "[resource-rep]tensor") Tensor* tensor_of(uint32_t handle);
WEFT_NN_RESOURCE("tensor", "[resource-drop]tensor") void drop_tensor(uint32_t handle);
WEFT_NN_RESOURCE("errors", "[resource-new]error") uint32_t new_error(Failure* rep);
WEFT_NN_RESOURCE("graph", "[resource-new]graph") uint32_t new_graph(nn::Handle rep);
WEFT_NN_RESOURCE("inference", "[resource-new]graph-execution-context")
uint32_t new_context(nn::Handle rep);

nn::wit::Host& host() {
  static nn::wit::Host host(backend(), registry());
  return host;
}

uint32_t error_handle(Failure error) { return new_error(new Failure(std::move(error))); }

const Made* made(nn::wit::Reply<nn::Handle> reply, uint32_t (*new_handle)(nn::Handle)) {
  static Made result;
  if (reply) result = {0, new_handle(*reply)};
  else result = {1, error_handle(std::move(reply).error())};
  return &result;
}

/// Tensors that were given to a run: their handles end with it, however it ends.
class Inputs {
 public:
  explicit Inputs(std::span<const NamedTensor> given) : given_(given) {
    for (const NamedTensor& input : given)
      inputs_.push_back({{input.name.data, input.name.size}, tensor_of(input.tensor)});
  }
  Inputs(const Inputs&) = delete;
  Inputs& operator=(const Inputs&) = delete;
  ~Inputs() {
    for (const NamedTensor& input : given_) {
      drop_tensor(input.tensor);
      const Argument<const char> name(input.name);
    }
  }
  std::span<const nn::wit::Input> get() const { return inputs_; }

 private:
  std::span<const NamedTensor> given_;
  std::vector<nn::wit::Input> inputs_;
};

}  // namespace

// --- tensor ---

WEFT_NN_EXPORT("tensor", "[constructor]tensor")
uint32_t make_tensor(const uint32_t* dimensions, uint32_t rank, uint32_t type, const uint8_t* data,
                     uint32_t bytes) {
  const Argument<const uint32_t> shape(dimensions, rank);
  const Argument<const uint8_t> elements(data, bytes);
  auto tensor = host().tensor(shape.span(), static_cast<nn::wit::TensorType>(type), elements.span());
  // A constructor has no way to fail.
  if (!tensor) __builtin_trap();
  return new_tensor(new Tensor(std::move(*tensor)));
}

WEFT_NN_EXPORT("tensor", "[method]tensor.dimensions")
const List<const uint32_t>* tensor_dimensions(const Tensor* tensor) {
  static List<const uint32_t> result;
  const auto dimensions = tensor->dimensions();
  result = {dimensions.data(), static_cast<uint32_t>(dimensions.size())};
  return &result;
}

WEFT_NN_EXPORT("tensor", "[method]tensor.ty")
uint32_t tensor_ty(const Tensor* tensor) { return static_cast<uint32_t>(tensor->ty()); }

WEFT_NN_EXPORT("tensor", "[method]tensor.data")
const List<const uint8_t>* tensor_data(const Tensor* tensor) {
  static List<const uint8_t> result;
  const auto data = tensor->data();
  result = {data.data(), static_cast<uint32_t>(data.size())};
  return &result;
}

WEFT_NN_EXPORT("tensor", "[dtor]tensor")
void destroy_tensor(Tensor* tensor) { delete tensor; }

// --- errors ---

WEFT_NN_EXPORT("errors", "[method]error.code")
uint32_t error_code(const Failure* error) { return static_cast<uint32_t>(error->code); }

WEFT_NN_EXPORT("errors", "[method]error.data")
const String* error_data(const Failure* error) {
  static String result;
  result = {error->data.data(), static_cast<uint32_t>(error->data.size())};
  return &result;
}

WEFT_NN_EXPORT("errors", "[dtor]error")
void destroy_error(Failure* error) { delete error; }

// --- inference ---

WEFT_NN_EXPORT("inference", "[method]graph-execution-context.compute")
const Computed* compute(nn::Handle context, const NamedTensor* inputs, uint32_t count) {
  static Computed result;
  static std::vector<NamedTensor> list;
  static std::vector<std::string> names;
  const Argument<const NamedTensor> given(inputs, count);
  auto outputs = host().compute(context, Inputs(given.span()).get());
  if (!outputs) {
    result = {1, {reinterpret_cast<NamedTensor*>(error_handle(std::move(outputs).error())), 0}};
    return &result;
  }
  list.clear();
  names.clear();
  names.reserve(outputs->size());  // what a short string holds does not move
  for (nn::wit::Output& output : *outputs) {
    const std::string& name = names.emplace_back(std::move(output.name));
    list.push_back({{name.data(), static_cast<uint32_t>(name.size())},
                    new_tensor(new Tensor(std::move(output.tensor)))});
  }
  result = {0, {list.data(), static_cast<uint32_t>(list.size())}};
  return &result;
}

WEFT_NN_EXPORT("inference", "[dtor]graph-execution-context")
void destroy_context(nn::Handle context) { host().drop_context(context); }

// --- graph ---

WEFT_NN_EXPORT("graph", "[method]graph.init-execution-context")
const Made* init_execution_context(nn::Handle graph) {
  return made(host().init_execution_context(graph), new_context);
}

WEFT_NN_EXPORT("graph", "load")
const Made* load(const List<const uint8_t>* builder, uint32_t parts, uint32_t encoding, uint32_t target) {
  const Argument<const List<const uint8_t>> lists(builder, parts);
  std::vector<std::unique_ptr<Argument<const uint8_t>>> owners;
  std::vector<std::span<const uint8_t>> spans;
  for (const List<const uint8_t>& part : lists.span()) {
    owners.push_back(std::make_unique<Argument<const uint8_t>>(part));
    spans.push_back(part.span());
  }
  return made(host().load(spans, encoding, target), new_graph);
}

WEFT_NN_EXPORT("graph", "load-by-name")
const Made* load_by_name(const char* name, uint32_t bytes) {
  const Argument<const char> text(name, bytes);
  return made(host().load_by_name({name, bytes}), new_graph);
}

WEFT_NN_EXPORT("graph", "[dtor]graph")
void destroy_graph(nn::Handle graph) { host().drop_graph(graph); }

// --- memory of arguments ---

extern "C" __attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_bytes,
                                                                           size_t alignment, size_t bytes) {
  if (bytes == 0) return reinterpret_cast<void*>(alignment);
  // malloc's alignment is 16, and no type of wasi:nn asks for more than 4.
  void* made = std::realloc(old_bytes == 0 ? nullptr : old, bytes);
  if (made == nullptr) __builtin_trap();
  return made;
}

}  // namespace weft::component
