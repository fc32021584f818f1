// Components that are programs (wasi:cli/run) on Wasmtime, with WASI preview 2 and nothing else: what they
// import of wasi:nn, they have been composed with.
#include <algorithm>
#include <string_view>
#include <utility>

#include "native/wasi_store.hpp"

namespace weft::native {
namespace {

constexpr std::string_view kRun = "wasi:cli/run@0.2.";
/// Of WASI 0.2, the latest first: a program exports the one that it was built for.
constexpr int kLatest = 20;

class ComponentRun {
 public:
  ComponentRun(const WasiProgram& program, const Engine& engine)
      : program_(program),
        engine_(engine),
        api_(engine.api()),
        linker_(
            owned(api_.wasmtime_component_linker_new(engine.get()), api_.wasmtime_component_linker_delete)),
        store_(program, engine) {}

  Outcome<int> operator()(std::span<const uint8_t> code) {
    wasmtime_component_t* made = nullptr;
    if (auto* error = api_.wasmtime_component_new(engine_.get(), code.data(), code.size(), &made))
      return refuse(WEFT_BAD_BUNDLE,
                    program_.name + " is no component: " + take_message(api_, error, nullptr));
    const Owned<wasmtime_component_t> component = owned(made, api_.wasmtime_component_delete);
    if (auto* error = api_.wasmtime_component_linker_add_wasip2(linker_.get()))
      return store_.wrong(WEFT_UNSUPPORTED, error);
    WEFT_NATIVE_TRY(store_.prepare());
    const Owned<wasmtime_component_export_index_t> run = find_run(*component);
    if (run == nullptr)
      return refuse(WEFT_UNSUPPORTED, program_.name + " has no wasi:cli/run: it is no program");
    wasmtime_component_instance_t instance{};
    if (auto* error = api_.wasmtime_component_linker_instantiate(linker_.get(), store_.context(),
                                                                 component.get(), &instance))
      return refuse(WEFT_UNSUPPORTED, cannot_start(code, take_message(api_, error, nullptr)));
    wasmtime_component_func_t function{};
    if (!api_.wasmtime_component_instance_get_func(&instance, store_.context(), run.get(), &function))
      return refuse(WEFT_UNSUPPORTED, program_.name + " has no function run");
    wasmtime_component_val_t result{};
    if (auto* error = api_.wasmtime_component_func_call(&function, store_.context(), nullptr, 0, &result, 1))
      return store_.ended(error, nullptr);
    const bool is_good = result.kind == kComponentResult && result.of.result.is_ok;
    api_.wasmtime_component_val_delete(&result);
    return is_good ? 0 : 1;
  }

 private:
  Owned<wasmtime_component_export_index_t> index(const wasmtime_component_t& component,
                                                 const wasmtime_component_export_index_t* within,
                                                 std::string_view name) {
    return owned(api_.wasmtime_component_get_export_index(&component, within, name.data(), name.size()),
                 api_.wasmtime_component_export_index_delete);
  }

  /// Wasmtime does not say which import is missing.
  std::string cannot_start(std::span<const uint8_t> code, const std::string& reason) const {
    constexpr std::string_view kInterface = "wasi:nn/";
    const bool names_it = !std::ranges::search(code, kInterface).empty();
    return "cannot start " + program_.name + ": " + reason +
           (names_it
                ? "; if it imports wasi:nn, compose it with what exports that (weft compile --emit component)"
                : "");
  }

  /// The function run of wasi:cli/run of any version.
  Owned<wasmtime_component_export_index_t> find_run(const wasmtime_component_t& component) {
    for (int version = kLatest; version >= 0; --version) {
      const auto interface = index(component, nullptr, std::string(kRun) + std::to_string(version));
      if (interface != nullptr) return index(component, interface.get(), "run");
    }
    return index(component, nullptr, "");
  }

  const WasiProgram& program_;
  const Engine& engine_;
  const Wasmtime& api_;
  Owned<wasmtime_component_linker_t> linker_;
  WasiStore store_;
};

}  // namespace

Outcome<int> run_wasi_component(std::span<const uint8_t> code, const WasiProgram& program,
                                const Engine& engine) {
  return ComponentRun(program, engine)(code);
}

}  // namespace weft::native
