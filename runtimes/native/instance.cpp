#include "native/instance.hpp"

#include <algorithm>
#include <cstring>

namespace weft::native {
namespace {

/// What step() returns.
constexpr int32_t kDone = 0, kYield = 1, kError = 4, kLoad = 5;
constexpr uint32_t kOutOfRange = 1;
constexpr uint32_t kRecordBytes = 32;
/// Kernel calls between two looks at whether to stop: well below a millisecond each.
constexpr int32_t kSlice = 16;

std::string shown(std::span<const uint32_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

std::string shown(const Port& port) {
  std::string text = std::string(to_string(port.dtype)) + " [";
  for (size_t i = 0; i < port.shape.size(); ++i)
    text += (i > 0 ? ", " : "") + (port.is_open() ? port.dims[i] : std::to_string(port.shape[i]));
  return text + "]";
}

std::string range_text(const Dimension& dimension) {
  return dimension.name + " = " + std::to_string(dimension.min) + ".." + std::to_string(dimension.max) +
         (dimension.step == 1 ? "" : ":" + std::to_string(dimension.step));
}

/// Whether a port takes this shape by itself.
Outcome<void> check_shape(const Port& port, std::span<const uint32_t> shape,
                          const std::vector<Dimension>& dimensions) {
  const std::string begin = "input \"" + port.name + "\" is " + shown(port);
  if (shape.size() != port.shape.size())
    return refuse(WEFT_INVALID_ARGUMENT, begin + ", got the shape " + shown(shape));
  for (size_t i = 0; i < shape.size(); ++i) {
    const std::optional<size_t> symbol = port.is_open() ? port.symbols[i] : std::nullopt;
    if (!symbol && shape[i] != port.shape[i])
      return refuse(WEFT_INVALID_ARGUMENT, begin + ", got the shape " + shown(shape));
    if (!symbol) continue;
    const Dimension& dimension = dimensions[*symbol];
    if (shape[i] < dimension.min || shape[i] > dimension.max || shape[i] % dimension.step != 0)
      return refuse(WEFT_INVALID_ARGUMENT,
                    begin + " with " + range_text(dimension) + ", got the shape " + shown(shape));
  }
  return {};
}

uint64_t bytes_of(DType dtype, std::span<const uint32_t> shape) {
  uint64_t bytes = byte_size(dtype);
  for (const uint32_t extent : shape) bytes *= extent;
  return bytes;
}

std::string name_at(const std::vector<std::string>& nodes, uint64_t index) {
  return index < nodes.size() ? nodes[index] : "?";
}

}  // namespace

Outcome<std::unique_ptr<Instance>> Instance::make(std::shared_ptr<const Model> model,
                                                  const std::atomic<bool>* stop) {
  std::unique_ptr<Instance> instance(new Instance(std::move(model)));
  instance->stop_ = stop;
  instance->given_.resize(instance->model_->manifest().inputs.size());
  instance->at_in_ = instance->model_->variant().inputs;
  instance->at_out_ = instance->model_->variant().outputs;
  WEFT_NATIVE_TRY(instance->instantiate());
  WEFT_NATIVE_TRY(instance->copy_listed_weights());
  WEFT_NATIVE_TRY(instance->execute("prepare", true));
  return instance;
}

Outcome<void> Instance::instantiate() {
  const Variant& variant = model_->variant();
  store_ =
      owned(api_.wasmtime_store_new(model_->engine().get(), nullptr, nullptr), api_.wasmtime_store_delete);
  context_ = api_.wasmtime_store_context(store_.get());
  // A module of weft's has one table, and no memory of its own: the one that it is given does not count.
  constexpr int64_t kTableElements = 1 << 20;
  api_.wasmtime_store_limiter(store_.get(), static_cast<int64_t>(variant.pages * kPageBytes), kTableElements,
                              1, 1, 0);
  allow_some_time();  // data segments are written by code
  const auto no_memory = [&](wasmtime_error_t* error) {
    return refuse(WEFT_NO_MEMORY, "cannot have " + std::to_string(variant.initial_pages * kPageBytes) +
                                      " bytes of memory: " + take_message(api_, error, nullptr));
  };
  constexpr uint8_t kLog2PageBytes = 16;
  wasm_memorytype_t* type = nullptr;
  if (auto* error = api_.wasmtime_memorytype_new(variant.initial_pages, true, variant.pages, false, false,
                                                 kLog2PageBytes, &type))
    return no_memory(error);
  const Owned<wasm_memorytype_t> type_owner = owned(type, api_.wasm_memorytype_delete);
  if (auto* error = api_.wasmtime_memory_new(context_, type, &memory_)) return no_memory(error);

  wasmtime_extern_t import{};
  import.kind = kExternMemory;
  import.of.memory = memory_;
  wasmtime_instance_t instance{};
  wasm_trap_t* trap = nullptr;
  wasmtime_error_t* error =
      api_.wasmtime_instance_new(context_, model_->module(), &import, 1, &instance, &trap);
  if (error != nullptr || trap != nullptr)
    return refuse(WEFT_BAD_BUNDLE, "cannot instantiate the model: " + take_message(api_, error, trap));
  wasmtime_extern_t step{};
  if (!api_.wasmtime_instance_export_get(context_, &instance, "step", 4, &step) ||
      step.kind != kExternFunction)
    return refuse(WEFT_BAD_BUNDLE, "cannot instantiate the model: it does not export \"step\"");
  step_ = step.of.func;
  return {};
}

/// Of bundles of the minor version 0, whose `prepare` does not ask.
Outcome<void> Instance::copy_listed_weights() {
  for (const Load& load : model_->variant().weights) {
    WEFT_NATIVE_ASSIGN(target, memory(load.address, load.bytes));
    const auto source = model_->weights().subspan(load.offset, load.bytes);
    std::memcpy(target.data(), source.data(), source.size());
  }
  return {};
}

Outcome<std::span<uint8_t>> Instance::memory(uint64_t address, uint64_t bytes) {
  const uint64_t size = api_.wasmtime_memory_data_size(context_, &memory_);
  if (address > size || bytes > size - address)
    return refuse(WEFT_BAD_BUNDLE, "the model points outside of its memory: " + std::to_string(bytes) +
                                       " bytes at " + std::to_string(address));
  return std::span(api_.wasmtime_memory_data(context_, &memory_) + address, bytes);
}

Outcome<uint32_t> Instance::word(uint64_t address) {
  WEFT_NATIVE_ASSIGN(bytes, memory(address, 4));
  uint32_t value = 0;
  std::memcpy(&value, bytes.data(), 4);
  return value;
}

Outcome<void> Instance::write_words(uint64_t address, std::span<const uint32_t> words) {
  WEFT_NATIVE_ASSIGN(bytes, memory(address, words.size_bytes()));
  if (!words.empty()) std::memcpy(bytes.data(), words.data(), words.size_bytes());
  return {};
}

/// A boolean is 0 or 1 in the model's memory.
Outcome<void> Instance::write_tensor(uint64_t address, DType dtype, std::span<const uint8_t> data) {
  WEFT_NATIVE_ASSIGN(target, memory(address, data.size()));
  if (!data.empty()) std::memmove(target.data(), data.data(), data.size());
  if (dtype == DType::boolean)
    for (uint8_t& value : target) value = value == 0 ? 0 : 1;
  return {};
}

/// Until the next interrupt() of the engine.
void Instance::allow_some_time() {
  if (model_->engine().interruptible()) api_.wasmtime_context_set_epoch_deadline(context_, 1);
}

Outcome<int32_t> Instance::step(int32_t budget) {
  allow_some_time();
  wasmtime_val_t arguments[2]{}, result{};
  arguments[0].kind = arguments[1].kind = kValueI32;
  arguments[0].of.i32 = static_cast<int32_t>(model_->variant().context);
  arguments[1].of.i32 = budget;
  wasm_trap_t* trap = nullptr;
  wasmtime_error_t* error = api_.wasmtime_func_call(context_, &step_, arguments, 2, &result, 1, &trap);
  if (trap != nullptr) {
    uint8_t code = 0;
    const bool stopped = api_.wasmtime_trap_code(trap, &code) && code == kTrapInterrupt;
    const std::string text = take_message(api_, nullptr, trap);
    if (stopped) return refuse(WEFT_INTERRUPTED, "the run was interrupted");
    return refuse(WEFT_TRAP, "the model's code trapped: " + text);
  }
  if (error != nullptr)
    return refuse(WEFT_BAD_BUNDLE, "cannot call the model's code: " + take_message(api_, error, nullptr));
  if (result.kind != kValueI32) return refuse(WEFT_BAD_BUNDLE, "the model's code returns no number");
  return result.of.i32;
}

Outcome<void> Instance::execute(std::string_view name, bool loads) {
  const Variant& variant = model_->variant();
  const auto entry = std::ranges::find(variant.entries, name, &Entry::name);
  if (entry == variant.entries.end()) return {};
  const uint32_t start[8] = {entry->records};
  WEFT_NATIVE_TRY(write_words(variant.context, start));
  while (true) {
    if (stop_ != nullptr && stop_->load(std::memory_order_relaxed))
      return refuse(WEFT_INTERRUPTED, "the run was interrupted");
    WEFT_NATIVE_ASSIGN(result, step(stop_ == nullptr ? 0 : kSlice));
    if (result == kDone) return {};
    if (result == kError) return std::unexpected(error_cell());
    if (result == kLoad && loads) WEFT_NATIVE_TRY(load_weights());
    else if (result != kYield)
      return refuse(WEFT_UNSUPPORTED, "the model's code asks for what this runtime does not have (" +
                                          std::to_string(result) + ")");
  }
}

/// What the record in front of the next one asks for.
Outcome<void> Instance::load_weights() {
  WEFT_NATIVE_ASSIGN(next, word(model_->variant().context));
  if (next < kRecordBytes)
    return refuse(WEFT_BAD_BUNDLE, "the model's code asks for weights without a record");
  WEFT_NATIVE_ASSIGN(record, memory(next - kRecordBytes, kRecordBytes));
  uint32_t words[8];
  std::memcpy(words, record.data(), sizeof words);
  const uint64_t offset = words[3] | uint64_t{words[4]} << 32, bytes = words[2];
  const std::span<const uint8_t> weights = model_->weights();
  if (offset > weights.size() || bytes > weights.size() - offset)
    return refuse(WEFT_BAD_BUNDLE, "the model's code asks for weights that model.weights does not have");
  WEFT_NATIVE_ASSIGN(target, memory(words[1], bytes));
  if (bytes > 0) std::memcpy(target.data(), weights.data() + offset, bytes);
  return {};
}

/// docs/bundle.md: the words of the context, and the last one of the record that failed.
Error Instance::error_cell() {
  const auto cell = memory(model_->variant().context, 32);
  uint32_t words[8];
  std::memcpy(words, cell->data(), sizeof words);
  if (words[2] != kOutOfRange)
    return {WEFT_TRAP, "the model's code stopped with the unknown error " + std::to_string(words[2])};
  const std::vector<std::string>& nodes = model_->manifest().nodes;
  const auto tensor = word(uint64_t{words[0]} + kRecordBytes - 4);
  Error error{WEFT_OUT_OF_RANGE, {}, name_at(nodes, words[3])};
  error.value = static_cast<int64_t>(words[4] | uint64_t{words[5]} << 32);
  error.least = static_cast<int32_t>(words[6]);
  error.greatest = static_cast<int32_t>(words[7]);
  error.message = "node " + error.node + ": expected " + name_at(nodes, tensor.value_or(UINT32_MAX)) + " = " +
                  std::to_string(error.least) + ".." + std::to_string(error.greatest) + ", got " +
                  std::to_string(error.value);
  return error;
}

Outcome<void> Instance::set_input(size_t index, std::span<const uint8_t> data,
                                  std::span<const uint32_t> shape) {
  if (index >= model_->inputs().size())
    return refuse(WEFT_INVALID_ARGUMENT, "there is no input " + std::to_string(index) + ": the model has " +
                                             std::to_string(model_->inputs().size()));
  const VisiblePort& visible = model_->inputs()[index];
  const Port& port = *visible.port;
  if (shape.empty() && !port.shape.empty()) {
    if (port.is_open())
      return refuse(WEFT_INVALID_ARGUMENT,
                    "input \"" + port.name + "\" is " + shown(port) + ": give its shape");
    shape = port.shape;
  }
  WEFT_NATIVE_TRY(check_shape(port, shape, model_->manifest().dimensions));
  if (data.size() != bytes_of(port.dtype, shape))
    return refuse(WEFT_INVALID_ARGUMENT,
                  "input \"" + port.name + "\": " + std::to_string(bytes_of(port.dtype, shape)) +
                      " bytes of " + std::string(to_string(port.dtype)) + " " + shown(shape) +
                      " are expected, got " + std::to_string(data.size()));
  Given& given = given_[visible.place];
  if (model_->variant().places) given.data.assign(data.begin(), data.end());
  else WEFT_NATIVE_TRY(write_tensor(at_in_[visible.place], port.dtype, data));
  given.shape.assign(shape.begin(), shape.end());
  given.is_set = true;
  return {};
}

/// The dimensions as the inputs have them; where none says, the least.
Outcome<std::vector<uint32_t>> Instance::extents() const {
  const std::vector<Dimension>& dimensions = model_->manifest().dimensions;
  std::vector<std::optional<uint32_t>> known(dimensions.size());
  for (const VisiblePort& visible : model_->inputs()) {
    const Given& given = given_[visible.place];
    if (!given.is_set)
      return refuse(WEFT_INVALID_ARGUMENT,
                    "input \"" + visible.port->name + "\" (" + shown(*visible.port) + ") is not set");
    for (size_t i = 0; i < visible.port->symbols.size(); ++i) {
      const std::optional<size_t> symbol = visible.port->symbols[i];
      if (!symbol) continue;
      if (known[*symbol].value_or(given.shape[i]) != given.shape[i])
        return refuse(WEFT_INVALID_ARGUMENT, "input \"" + visible.port->name + "\" has " +
                                                 dimensions[*symbol].name + " = " +
                                                 std::to_string(given.shape[i]) + ", another input has " +
                                                 std::to_string(*known[*symbol]));
      known[*symbol] = given.shape[i];
    }
  }
  std::vector<uint32_t> out;
  for (size_t i = 0; i < known.size(); ++i) out.push_back(known[i].value_or(dimensions[i].min));
  return out;
}

Outcome<void> Instance::grow(uint64_t bytes, uint64_t most_bytes) {
  const uint64_t size = memory_bytes();
  if (bytes <= size) return {};
  bytes = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (bytes > most_bytes)
    return refuse(WEFT_NO_MEMORY, "a run with these shapes takes " + std::to_string(bytes) +
                                      " bytes of memory, and may have " + std::to_string(most_bytes));
  uint64_t before = 0;
  if (auto* error = api_.wasmtime_memory_grow(context_, &memory_, (bytes - size) / kPageBytes, &before))
    return refuse(WEFT_NO_MEMORY, "cannot have " + std::to_string(bytes) +
                                      " bytes of memory: " + take_message(api_, error, nullptr));
  return {};
}

/// Tells the module the dimensions, and grows its memory to what they take.
Outcome<void> Instance::resize(uint64_t most_bytes) {
  const Variant& variant = model_->variant();
  WEFT_NATIVE_ASSIGN(words, extents());
  if (words.empty()) return {};
  for (size_t i = 0; i < words.size(); ++i) words[i] /= model_->manifest().dimensions[i].step;
  WEFT_NATIVE_TRY(write_words(variant.symbols, words));
  WEFT_NATIVE_TRY(execute("resize", false));
  if (!variant.places) return {};
  WEFT_NATIVE_ASSIGN(need, word(*variant.places));
  WEFT_NATIVE_TRY(grow(need, most_bytes));
  uint64_t at = *variant.places;
  for (std::vector<uint32_t>* addresses : {&at_in_, &at_out_})
    for (uint32_t& address : *addresses) {
      WEFT_NATIVE_ASSIGN(moved, word(at += 4));
      address = moved;
    }
  return {};
}

Outcome<void> Instance::run(uint64_t most_bytes) {
  has_result_ = false;
  WEFT_NATIVE_TRY(resize(most_bytes));
  const std::vector<Port>& ports = model_->manifest().inputs;
  if (model_->variant().places)
    for (const VisiblePort& visible : model_->inputs())
      WEFT_NATIVE_TRY(write_tensor(at_in_[visible.place], visible.port->dtype, given_[visible.place].data));
  if (const std::optional<size_t> reset = model_->reset_input()) {
    const uint8_t begins[1] = {begins_};
    WEFT_NATIVE_TRY(write_tensor(at_in_[*reset], ports[*reset].dtype, begins));
  }
  WEFT_NATIVE_TRY(execute("run", false));
  begins_ = false;
  has_result_ = true;
  return {};
}

Outcome<Tensor> Instance::output(size_t index) {
  const std::vector<Port>& ports = model_->manifest().outputs;
  if (index >= ports.size())
    return refuse(WEFT_INVALID_ARGUMENT, "there is no output " + std::to_string(index) + ": the model has " +
                                             std::to_string(ports.size()));
  if (!has_result_) return refuse(WEFT_INVALID_ARGUMENT, "there are no outputs: no run has ended well");
  shape_ = ports[index].shape;
  if (const auto answers = model_->variant().answers) {
    uint64_t at = *answers;
    for (size_t i = 0; i < index; ++i) at += 4 * ports[i].shape.size();
    for (uint32_t& extent : shape_) {
      WEFT_NATIVE_ASSIGN(answer, word(at));
      extent = answer;
      at += 4;
    }
  }
  for (size_t i = 0; i < shape_.size(); ++i)
    if (shape_[i] > ports[index].shape[i])
      return refuse(WEFT_BAD_BUNDLE, "output \"" + ports[index].name +
                                         "\" is larger than its greatest extents: " + shown(shape_));
  WEFT_NATIVE_ASSIGN(data, memory(at_out_[index], bytes_of(ports[index].dtype, shape_)));
  return Tensor{ports[index].dtype, shape_, data};
}

}  // namespace weft::native
