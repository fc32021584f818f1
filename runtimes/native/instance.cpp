#include "native/instance.hpp"

#include <cstring>

namespace weft::native {
namespace {

/// Kernel calls between two looks at whether to stop: well below a millisecond each.
constexpr int32_t kSlice = 16;

}  // namespace

Outcome<std::unique_ptr<Instance>> Instance::make(std::shared_ptr<const Model> model,
                                                  const std::atomic<bool>* stop) {
  std::unique_ptr<Instance> instance(new Instance(std::move(model)));
  instance->stop_ = stop;
  WEFT_NATIVE_TRY(instance->instantiate());
  WEFT_NATIVE_TRY(instance->machine_.prepare());
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

Outcome<void> Instance::grow(uint64_t bytes) {
  uint64_t before = 0;
  if (auto* error =
          api_.wasmtime_memory_grow(context_, &memory_, (bytes - memory_bytes()) / kPageBytes, &before))
    return refuse(WEFT_NO_MEMORY, "cannot have " + std::to_string(bytes) +
                                      " bytes of memory: " + take_message(api_, error, nullptr));
  return {};
}

void Instance::write(uint64_t address, std::span<const uint8_t> data) {
  uint8_t* memory = api_.wasmtime_memory_data(context_, &memory_);
  // What is written may be an output that lies in this memory.
  if (!data.empty()) std::memmove(memory + address, data.data(), data.size());
}

void Instance::read(uint64_t address, std::span<uint8_t> out) {
  std::memcpy(out.data(), api_.wasmtime_memory_data(context_, &memory_) + address, out.size());
}

std::span<const uint8_t> Instance::view(uint64_t address, uint64_t bytes) {
  return {api_.wasmtime_memory_data(context_, &memory_) + address, bytes};
}

void Instance::load(uint64_t offset, uint64_t address, uint64_t bytes) {
  write(address, model_->weights().subspan(offset, bytes));
}

/// Until the next interrupt() of the engine.
void Instance::allow_some_time() {
  if (model_->engine().interruptible()) api_.wasmtime_context_set_epoch_deadline(context_, 1);
}

Outcome<int32_t> Instance::step(uint32_t context) {
  if (stop_ != nullptr && stop_->load(std::memory_order_relaxed))
    return refuse(WEFT_INTERRUPTED, "the run was interrupted");
  allow_some_time();
  wasmtime_val_t arguments[2]{}, result{};
  arguments[0].kind = arguments[1].kind = kValueI32;
  arguments[0].of.i32 = static_cast<int32_t>(context);
  arguments[1].of.i32 = stop_ == nullptr ? 0 : kSlice;
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

}  // namespace weft::native
