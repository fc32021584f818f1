// The host of the native program: POSIX.
#pragma once

#include "cli/host.hpp"

namespace weft::cli {

class NativeHost final : public Host {
 public:
  void print(std::string_view text) override;
  void print_error(std::string_view text) override;
  std::string environment(const std::string& name) override;
  bool is_folder(const std::string& path) override;
  std::string absolute(const std::string& path) override;
  Result<std::shared_ptr<const Source>> open(const std::string& path) override;
  Result<std::shared_ptr<const Source>> open_external(const std::string& model,
                                                      std::string_view relative) override;
  /// Beside the program, where it is installed, or where the `wasm` preset builds it.
  Result<std::shared_ptr<const Source>> open_part(const std::string& name) override;
  Result<std::unique_ptr<OutputFolder>> create_folder(const std::string& path) override;
  Result<void> write_file(const std::string& path, std::string_view bytes) override;
  /// A second process prepares the folder and becomes Node; this one waits, passes signals on and removes the
  /// folder.
  Result<void> run_node(const std::string& program, const Step& prepare, const Step& finish) override;
  /// On Wasmtime, in this process (run_wasi.cpp).
  Result<int> run_wasi(const WasiRequest& request) override;
  /// In this process (wasmtime_bundle.cpp).
  Result<std::unique_ptr<LoadedBundle>> load_on_wasmtime(const BundleRequest& request) override;
  Result<int> run_on_wasmtime(const Options& options, const RunRequest& request) override;
  Result<std::vector<graph::Tensor>> read_inputs(std::span<const TensorPort> ports,
                                                 const std::vector<std::string>& values) override;
  /// By fork: this process has one thread then.
  Result<std::string> in_other_process(const std::function<std::string()>& work) override;
};

}  // namespace weft::cli
