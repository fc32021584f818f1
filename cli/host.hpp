// What the commands ask of the system: files, folders, the streams, the engine. cli/native implements it on
// POSIX, cli/wasm on functions of the JavaScript around it.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/source.hpp"
#include "bundle/bundle.hpp"
#include "graph/eval.hpp"

namespace weft::compile {
struct Compiled;
}

namespace weft::cli {

/// SHA-256, in lower-case hexadecimal.
struct FileHashes {
  std::string sha256;               ///< of the file
  std::vector<std::string> chunks;  ///< of its chunks, where BundleFile::chunk_bytes asks for them
};

/// A folder that appears as a whole by `commit`, or not at all.
class OutputFolder {
 public:
  virtual ~OutputFolder() = default;
  /// Writes and hashes one file.
  virtual Result<FileHashes> write(const bundle::BundleFile& file, const Blobs& blobs) = 0;
  /// Replaces an older bundle; fails with invalid_argument where something else has the name.
  virtual Result<void> commit() = 0;
};

/// A WASI program and all that it may touch.
struct WasiRequest {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  std::vector<std::string> arguments;  ///< the first is the program's file
  Pairs folders;                       ///< the host's, and the name that the program has for it
  Pairs environment;
  Pairs graphs;  ///< for wasi-nn: a name, and an .onnx file or the folder of a bundle
  std::optional<uint64_t> fuel, memory_bytes;
  std::string module_cache;  ///< a folder for native code, or empty
};

/// An input or output of a bundle.
struct TensorPort {
  std::string name;
  DType dtype = DType::f32;
  graph::Ints shape;  ///< the greatest extents
  bool is_open = false;
};

/// What is to run on the engine wasmtime.
struct BundleRequest {
  std::string folder;                           ///< of a bundle, or empty:
  const compile::Compiled* compiled = nullptr;  ///< what was just compiled; outlives the request
  std::string variant;                          ///< empty: the fastest that is there
  std::string module_cache = {};                ///< a folder for native code, or empty
};

struct RunFailure {
  Error error;
  bool is_engine = false;  ///< it was no mistake of the caller's: the model failed while it ran
};

/// A bundle that is loaded, with a memory of its own, on the engine wasmtime.
class LoadedBundle {
 public:
  struct Facts {
    std::string name, variant, engine_version;
    std::vector<TensorPort> inputs, outputs;
    double load_ms = 0;  ///< from nothing but its files
    uint64_t code_bytes = 0, weights_bytes = 0;
  };
  struct Ran {
    std::vector<graph::Tensor> outputs;
    double ms = 0;  ///< with copying inputs and outputs
  };
  virtual ~LoadedBundle() = default;
  virtual const Facts& facts() const = 0;
  /// Inputs and outputs in the order of the facts.
  virtual std::expected<Ran, RunFailure> run(const std::vector<graph::Tensor>& inputs) = 0;
  virtual uint64_t memory_bytes() const = 0;
};

struct Options;
struct RunRequest;

class Host {
 public:
  virtual ~Host() = default;
  /// To the standard output.
  virtual void print(std::string_view text) = 0;
  /// To the error stream.
  virtual void print_error(std::string_view text) = 0;
  /// An environment variable; empty when there is none.
  virtual std::string environment(const std::string& name) = 0;
  virtual bool is_folder(const std::string& path) = 0;
  virtual std::string absolute(const std::string& path) = 0;
  /// Fails with not_found, with what the system says.
  virtual Result<std::shared_ptr<const Source>> open(const std::string& path) = 0;
  /// A model's external data; refuses what leaves the model's folder, also through links.
  virtual Result<std::shared_ptr<const Source>> open_external(const std::string& model,
                                                              std::string_view relative) = 0;
  /// A file that comes with the program, by its name. Fails with not_found, and says how to make it.
  virtual Result<std::shared_ptr<const Source>> open_part(const std::string& name) = 0;
  virtual Result<std::unique_ptr<OutputFolder>> create_folder(const std::string& path) = 0;
  /// Makes the folder that it is in, too.
  virtual Result<void> write_file(const std::string& path, std::string_view bytes) = 0;
  /// Makes a temporary folder, lets `prepare` fill it, and has Node (`program`) run its main.mjs. Where that
  /// fails, its exit code becomes ours; else `finish`, unless empty, reads what it left. The folder is gone
  /// afterwards, whatever happens.
  using Step = std::function<Result<void>(const std::string& folder)>;
  virtual Result<void> run_node(const std::string& program, const Step& prepare, const Step& finish) = 0;
  /// Runs the program; returns its exit code, or kEngineFailed and says why.
  virtual Result<int> run_wasi(const WasiRequest& request) = 0;
  virtual Result<std::unique_ptr<LoadedBundle>> load_on_wasmtime(const BundleRequest& request) = 0;
  /// `weft run` and `weft bench` on the engine wasmtime, and inputs for it (tensors.hpp): what a program
  /// without that engine need not hold.
  virtual Result<int> run_on_wasmtime(const Options& options, const RunRequest& request) = 0;
  virtual Result<std::vector<graph::Tensor>> read_inputs(std::span<const TensorPort> ports,
                                                         const std::vector<std::string>& values) = 0;
  /// Has a process that is a copy of this one do something, and returns the text that it gives; empty where
  /// it failed.
  virtual Result<std::string> in_other_process(const std::function<std::string()>& work) = 0;
};

/// Each on the error stream: "weft: MODEL: note".
inline void print_notes(const std::vector<std::string>& notes, const std::string& model, Host& host) {
  for (const std::string& note : notes) host.print_error("weft: " + model + ": " + note + "\n");
}

/// The last part of a path; '/' and, for models named on Windows, '\' separate.
inline std::string file_name(const std::string& path) {
  const size_t end = path.find_last_not_of("/\\");
  if (end == std::string::npos) return path;
  const size_t separator = path.find_last_of("/\\", end);
  const size_t begin = separator == std::string::npos ? 0 : separator + 1;
  return path.substr(begin, end + 1 - begin);
}

/// Without its ending: "a/model.v2.onnx" -> "model.v2".
inline std::string file_stem(const std::string& path) {
  const std::string name = file_name(path);
  const size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

}  // namespace weft::cli
