// weft wasi on Wasmtime, in this process.
#include <atomic>
#include <cstdio>

#include "cli/native/host.hpp"
#include "cli/native/native_error.hpp"
#include "cli/native/signals.hpp"
#include "native/bytes.hpp"
#include "native/nn/backend.hpp"
#include "native/wasi.hpp"
#include "nn/witx.hpp"

namespace weft::cli {
namespace {

constexpr int kEngineFailed = 8;

native::WasiProgram program_of(const WasiRequest& request) {
  native::WasiProgram program;
  program.name = request.arguments.front();
  program.arguments = request.arguments;
  program.arguments.front() = file_name(program.name);
  program.environment = request.environment;
  for (const auto& [host, guest] : request.folders) program.folders.push_back({host, guest});
  program.fuel = request.fuel;
  program.memory_bytes = request.memory_bytes;
  return program;
}

/// As the core has errors: the code is for the program, the text for the log.
std::unexpected<nn::Error> nn_error(const weft::Error& error, const std::string& path) {
  const bool is_damaged = error.kind == ErrorKind::invalid_model, is_large = error.kind == ErrorKind::limit;
  return nn::refuse(is_damaged ? nn::Errno::invalid_encoding
                    : is_large ? nn::Errno::missing_memory
                               : nn::Errno::unsupported_operation,
                    path + ": " + to_string(error));
}

/// What --nn-graph names: the folder of a bundle, or a model to compile, when the program first asks for it.
/// What is not there is an error at once.
Result<nn::Registry::Loader> graph_loader(const std::string& path, native::Backend& backend, Host& host) {
  if (host.is_folder(path)) {
    WEFT_TRY(host.open(path + "/model.json"));
    return [path, &backend]() -> nn::Outcome<std::shared_ptr<nn::Model>> {
      auto model = backend.open_bundle(path);
      if (!model) return nn_error({kind_of(model.error().status), model.error().message, {}}, path);
      return std::move(*model);
    };
  }
  WEFT_ASSIGN(source, host.open(path));
  return [path, source, &backend, &host]() -> nn::Outcome<std::shared_ptr<nn::Model>> {
    onnx::ReadOptions options;
    options.open_external = [&](std::string_view relative) { return host.open_external(path, relative); };
    auto model = backend.compile({source}, options, file_stem(path));
    if (!model) return nn_error(model.error(), path);
    return std::move(*model);
  };
}

Result<void> add_graphs(const WasiRequest& request, native::Backend& backend, nn::Registry& registry,
                        Host& host) {
  for (const auto& [name, path] : request.graphs) {
    WEFT_ASSIGN(loader, graph_loader(path, backend, host));
    if (!registry.add(name, std::move(loader)))
      return fail(ErrorKind::invalid_argument, "--nn-graph gives the name " + name + " twice");
  }
  return {};
}

/// The functions of wasi-nn, as the program imports them.
std::vector<native::HostFunction> nn_functions(nn::Host& host) {
  std::vector<native::HostFunction> functions;
  for (size_t i = 0; i < nn::functions().size(); ++i) {
    const nn::Function& function = nn::functions()[i];
    functions.push_back({std::string(nn::kWitxModule), std::string(function.name), function.parameters,
                         [&host, i](std::span<const uint32_t> arguments, std::span<uint8_t> memory) {
                           return static_cast<uint32_t>(host.call(i, arguments, memory));
                         }});
  }
  return functions;
}

/// Of the program and of the models that the command line names; a guest's own bytes are compiled anew.
Result<void> keep_modules(const std::string& folder, native::Engine& programs) {
  if (folder.empty()) return {};
  const auto models = native::Engine::shared();
  if (!models) return failed(models.error());
  for (native::Engine* engine : {&programs, models->get()})
    if (const auto kept = engine->keep_modules_in(folder); !kept) return failed(kept.error());
  return {};
}

}  // namespace

Result<int> NativeHost::run_wasi(const WasiRequest& request) {
  const auto code = native::map_file(request.arguments.front());
  if (!code) return failed(code.error());
  // Kernels in a component would run half as slow again if loops asked whether to stop: it is ended from
  // outside.
  const bool interruptible = !native::is_component(code->data);
  if (!interruptible && !request.graphs.empty())
    return fail(ErrorKind::invalid_argument,
                "--nn-graph is for programs of WASI preview 1; a component is composed with what exports "
                "wasi:nn (weft compile --emit component)");
  const auto engine =
      native::Engine::make({.interruptible = interruptible, .fuel = request.fuel.has_value()});
  if (!engine) return failed(engine.error());
  WEFT_TRY(keep_modules(request.module_cache, **engine));
  std::atomic<bool> stop = false;
  native::Backend backend(stop);
  SignalWatch signals([&] {
    stop = true;
    (*engine)->interrupt();
    backend.interrupt();
  });
  nn::Registry registry;
  WEFT_TRY(add_graphs(request, backend, registry, *this));
  nn::Host nn_host(backend, registry, {},
                   [&](std::string_view text) { print_error("weft: wasi-nn: " + std::string(text) + "\n"); });
  native::WasiProgram program = program_of(request);
  program.functions = nn_functions(nn_host);
  std::fflush(nullptr);
  const auto end = native::run_wasi(code->data, program, **engine);
  if (end) return *end;
  signals.end_if_signalled();
  if (end.error().status != WEFT_TRAP) return failed(end.error());
  print_error("weft: " + end.error().message + "\n");
  return kEngineFailed;
}

}  // namespace weft::cli
