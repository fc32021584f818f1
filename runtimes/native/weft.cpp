// weft.h over the classes of this folder.
#include <weft.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>

#include "native/instance.hpp"

using namespace weft::native;

namespace {

// The C enumeration is DType in its order.
constexpr bool same(weft::DType type, weft_dtype c) { return static_cast<int>(type) == static_cast<int>(c); }
static_assert(same(weft::DType::f64, WEFT_F64) && same(weft::DType::bf16, WEFT_BF16) &&
              same(weft::DType::i8, WEFT_I8) && same(weft::DType::u8, WEFT_U8) &&
              same(weft::DType::boolean, WEFT_BOOLEAN));

/// A port as C has it, with the array that it points to.
struct PortText {
  std::vector<weft_extent> shape;
  weft_port port{};
};

std::deque<PortText> port_texts(const std::vector<VisiblePort>& ports,
                                const std::vector<Dimension>& dimensions) {
  std::deque<PortText> texts;
  for (const VisiblePort& visible : ports) {
    const Port& port = *visible.port;
    PortText& text = texts.emplace_back();
    for (size_t i = 0; i < port.shape.size(); ++i) {
      const bool is_fixed = !port.is_open() || port.dims[i] == std::to_string(port.shape[i]);
      weft_extent extent{is_fixed ? port.shape[i] : 0, port.shape[i], 1,
                         is_fixed ? "" : port.dims[i].c_str()};
      const auto symbol =
          is_fixed ? dimensions.end() : std::ranges::find(dimensions, port.dims[i], &Dimension::name);
      if (symbol != dimensions.end()) extent = {symbol->min, symbol->max, symbol->step, extent.name};
      text.shape.push_back(extent);
    }
    text.port = {port.name.c_str(), static_cast<weft_dtype>(port.dtype),
                 static_cast<uint32_t>(text.shape.size()), text.shape.data()};
  }
  return texts;
}

struct LastError {
  Error error;
  weft_error shown{WEFT_OK, "", "", 0, 0, 0};
};
thread_local LastError g_last;

weft_status failed(Error error) {
  g_last.error = std::move(error);
  const Error& e = g_last.error;
  g_last.shown = {e.status, e.message.c_str(), e.node.c_str(), e.value, e.least, e.greatest};
  return e.status;
}

weft_status null_pointer(const char* what) {
  return failed({WEFT_INVALID_ARGUMENT, std::string(what) + " is NULL"});
}

weft_status port_at(const std::deque<PortText>& ports, uint32_t index, weft_port* port) {
  if (port == nullptr) return null_pointer("port");
  if (index >= ports.size())
    return failed({WEFT_INVALID_ARGUMENT, "there is no port " + std::to_string(index) + ": the model has " +
                                              std::to_string(ports.size())});
  *port = ports[index].port;
  return WEFT_OK;
}

int32_t find_port(const std::deque<PortText>& ports, const char* name) {
  for (size_t i = 0; name != nullptr && i < ports.size(); ++i)
    if (std::string_view(ports[i].port.name) == name) return static_cast<int32_t>(i);
  return -1;
}

}  // namespace

struct weft_model {
  std::shared_ptr<const Model> model;
  std::deque<PortText> inputs, outputs;
};
struct weft_instance {
  std::atomic<bool> stop{false};
  std::unique_ptr<Instance> instance;
};

extern "C" {

const weft_error* weft_last_error(void) { return &g_last.shown; }

const char* weft_status_name(weft_status status) {
  constexpr std::array<const char*, 10> names = {
      "ok",        "invalid_argument", "not_found",    "bad_bundle", "unsupported",
      "no_engine", "no_memory",        "out_of_range", "trap",       "interrupted"};
  const auto index = static_cast<size_t>(status);
  return index < names.size() ? names[index] : "unknown";
}

size_t weft_dtype_bytes(weft_dtype dtype) {
  return static_cast<size_t>(dtype) > WEFT_BOOLEAN ? 0 : weft::byte_size(static_cast<weft::DType>(dtype));
}

weft_status weft_model_open(const char* folder, const char* variant, weft_model** model) {
  if (folder == nullptr) return null_pointer("folder");
  if (model == nullptr) return null_pointer("model");
  *model = nullptr;
  auto engine = Engine::shared();
  if (!engine) return failed(engine.error());
  auto opened = Model::open(folder, variant == nullptr ? "" : variant, *engine);
  if (!opened) return failed(std::move(opened).error());
  const std::vector<Dimension>& dimensions = (*opened)->manifest().dimensions;
  *model = new weft_model{*opened, port_texts((*opened)->inputs(), dimensions),
                          port_texts((*opened)->outputs(), dimensions)};
  return WEFT_OK;
}

weft_status weft_keep_modules(const char* folder) {
  if (folder == nullptr) return null_pointer("folder");
  auto engine = Engine::shared();
  if (!engine) return failed(engine.error());
  auto kept = (*engine)->keep_modules_in(folder);
  return kept ? WEFT_OK : failed(std::move(kept).error());
}

void weft_model_close(weft_model* model) { delete model; }
const char* weft_model_name(const weft_model* model) { return model->model->manifest().name.c_str(); }
const char* weft_model_variant(const weft_model* model) { return model->model->variant().name.c_str(); }
uint32_t weft_model_inputs(const weft_model* model) { return static_cast<uint32_t>(model->inputs.size()); }
uint32_t weft_model_outputs(const weft_model* model) { return static_cast<uint32_t>(model->outputs.size()); }
weft_status weft_model_input(const weft_model* model, uint32_t index, weft_port* port) {
  return port_at(model->inputs, index, port);
}
weft_status weft_model_output(const weft_model* model, uint32_t index, weft_port* port) {
  return port_at(model->outputs, index, port);
}
int32_t weft_model_find_input(const weft_model* model, const char* name) {
  return find_port(model->inputs, name);
}
int32_t weft_model_find_output(const weft_model* model, const char* name) {
  return find_port(model->outputs, name);
}

weft_status weft_instance_new(const weft_model* model, weft_instance** instance) {
  if (model == nullptr || instance == nullptr) return null_pointer(model == nullptr ? "model" : "instance");
  *instance = nullptr;
  auto made = std::make_unique<weft_instance>();
  auto inside = Instance::make(model->model, &made->stop);
  if (!inside) return failed(std::move(inside).error());
  made->instance = std::move(*inside);
  *instance = made.release();
  return WEFT_OK;
}

void weft_instance_free(weft_instance* instance) { delete instance; }

weft_status weft_set_input(weft_instance* instance, uint32_t index, const void* data, size_t bytes,
                           const uint32_t* shape, uint32_t rank) {
  if (instance == nullptr) return null_pointer("instance");
  if (data == nullptr && bytes > 0) return null_pointer("data");
  const std::span<const uint32_t> extents(shape, shape == nullptr ? 0 : rank);
  const auto done = instance->instance->set_input(index, {static_cast<const uint8_t*>(data), bytes}, extents);
  return done ? WEFT_OK : failed(done.error());
}

weft_status weft_run(weft_instance* instance) {
  if (instance == nullptr) return null_pointer("instance");
  const auto done = instance->instance->run();
  if (!done && done.error().status == WEFT_INTERRUPTED) instance->stop = false;
  return done ? WEFT_OK : failed(done.error());
}

weft_status weft_output(weft_instance* instance, uint32_t index, weft_tensor* tensor) {
  if (instance == nullptr || tensor == nullptr)
    return null_pointer(instance == nullptr ? "instance" : "tensor");
  const auto output = instance->instance->output(index);
  if (!output) return failed(output.error());
  *tensor = {static_cast<weft_dtype>(output->dtype), static_cast<uint32_t>(output->shape.size()),
             output->shape.data(), output->data.data(), output->data.size()};
  return WEFT_OK;
}

void weft_reset(weft_instance* instance) { instance->instance->reset(); }
void weft_interrupt(weft_instance* instance) { instance->stop = true; }

}  // extern "C"
