// weft.wasm: the command line as a WebAssembly module. The JavaScript around it (cli/npx/) is the host;
// requests travel as JSON through one import, bytes through two.
//
// Exports: weft_alloc(bytes) -> address, freed by weft_main; weft_main(address, bytes) -> exit code, of the
// arguments as a JSON array of strings.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/json.hpp"

#define WEFT_IMPORT(name) __attribute__((import_module("weft"), import_name(name)))

extern "C" {
/// Handles one request, {"op": …}. Returns 0, or 1 + ErrorKind; the answer (JSON, or the error's message) is
/// kept.
WEFT_IMPORT("call") int32_t weft_host_call(const char* request, uint32_t bytes);
WEFT_IMPORT("answer_size") uint32_t weft_host_answer_size();
WEFT_IMPORT("answer") void weft_host_answer(char* into);
/// Reads a range of an open file; false when it ends before.
WEFT_IMPORT("read") int32_t weft_host_read(int32_t file, uint64_t offset, uint8_t* into, uint32_t bytes);
/// Appends to the file of the output folder that is being written.
WEFT_IMPORT("write") void weft_host_write(const uint8_t* bytes, uint32_t size);
}

namespace weft::cli {
namespace {

Result<ordered_json> call(const ordered_json& request) {
  const std::string text = json_text(request);
  const int32_t status = weft_host_call(text.data(), static_cast<uint32_t>(text.size()));
  std::string answer(weft_host_answer_size(), '\0');
  weft_host_answer(answer.data());
  if (status != 0) return fail(static_cast<ErrorKind>(status - 1), answer);
  return ordered_json::parse(answer, nullptr, false);
}

class HostFile final : public Source {
 public:
  HostFile(int32_t file, uint64_t size) : file_(file), size_(size) {}
  ~HostFile() override { (void)call({{"op", "close"}, {"file", file_}}); }
  HostFile(const HostFile&) = delete;
  HostFile& operator=(const HostFile&) = delete;

  uint64_t size() const override { return size_; }
  Result<void> read(uint64_t offset, std::span<uint8_t> out) const override {
    if (offset > size_ || out.size() > size_ - offset ||
        weft_host_read(file_, offset, out.data(), static_cast<uint32_t>(out.size())) == 0)
      return fail(ErrorKind::invalid_model, "the data ends before what it announces");
    return {};
  }

 private:
  int32_t file_;
  uint64_t size_;
};

/// Which open file a source is: ranges of these are copied by the host.
using Files = std::map<const Source*, int32_t>;

class HostFolder final : public OutputFolder {
 public:
  explicit HostFolder(const Files& files) : files_(files) {}
  ~HostFolder() override {
    if (!done_) (void)call({{"op", "discard"}});
  }
  HostFolder(const HostFolder&) = delete;
  HostFolder& operator=(const HostFolder&) = delete;

  Result<FileHashes> write(const bundle::BundleFile& file, const Blobs& blobs) override {
    WEFT_TRY(call({{"op", "begin_file"}, {"name", file.name}, {"chunk_bytes", file.chunk_bytes}}));
    for (const bundle::Piece& piece : file.pieces) WEFT_TRY(write(piece, blobs));
    WEFT_ASSIGN(answer, call({{"op", "end_file"}}));
    return FileHashes{answer["sha256"].get<std::string>(), answer["chunks"].get<std::vector<std::string>>()};
  }

  Result<void> commit() override {
    WEFT_TRY(call({{"op", "commit"}}));
    done_ = true;
    return {};
  }

 private:
  Result<void> write(const bundle::Piece& piece, const Blobs& blobs) {
    if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&piece)) {
      weft_host_write(bytes->data(), static_cast<uint32_t>(bytes->size()));
      return {};
    }
    const BlobRange& range = std::get<BlobRange>(piece);
    if (const auto file = files_.find(blobs[range.blob].get()); file != files_.end()) {
      WEFT_TRY(
          call({{"op", "copy"}, {"file", file->second}, {"offset", range.offset}, {"bytes", range.bytes}}));
      return {};
    }
    WEFT_ASSIGN(bytes, read_range(blobs, range));
    weft_host_write(bytes.data(), static_cast<uint32_t>(bytes.size()));
    return {};
  }

  const Files& files_;
  bool done_ = false;
};

class WasmHost final : public Host {
 public:
  void print(std::string_view text) override { (void)call({{"op", "print"}, {"text", text}}); }
  void print_error(std::string_view text) override { (void)call({{"op", "print_error"}, {"text", text}}); }
  std::string environment(const std::string& name) override {
    return text({{"op", "environment"}, {"name", name}});
  }
  std::string absolute(const std::string& path) override {
    return text({{"op", "absolute"}, {"path", path}});
  }
  bool is_folder(const std::string& path) override {
    const auto answer = call({{"op", "is_folder"}, {"path", path}});
    return answer && *answer == true;
  }
  Result<std::shared_ptr<const Source>> open(const std::string& path) override {
    return opened({{"op", "open"}, {"path", path}});
  }
  Result<std::shared_ptr<const Source>> open_external(const std::string& model,
                                                      std::string_view relative) override {
    return opened({{"op", "open_external"}, {"model", model}, {"path", relative}});
  }
  Result<std::shared_ptr<const Source>> open_part(const std::string& name) override {
    return opened({{"op", "open_part"}, {"name", name}});
  }
  Result<std::unique_ptr<OutputFolder>> create_folder(const std::string& path) override {
    WEFT_TRY(call({{"op", "create_folder"}, {"path", path}}));
    return std::make_unique<HostFolder>(files_);
  }
  Result<void> write_file(const std::string& path, std::string_view bytes) override {
    WEFT_TRY(call({{"op", "begin_temporary"}, {"path", path}}));
    weft_host_write(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<uint32_t>(bytes.size()));
    WEFT_TRY(call({{"op", "end_file"}}));
    return {};
  }
  Result<void> run_node(const std::string& program, const Step& prepare, const Step& finish) override {
    WEFT_ASSIGN(folder, call({{"op", "temporary_folder"}}));
    WEFT_TRY(prepare(folder.get<std::string>()));
    WEFT_ASSIGN(code, call({{"op", "run_node"}, {"program", program}, {"folder", folder}}));
    return code == 0 && finish ? finish(folder.get<std::string>()) : Result<void>();
  }
  Result<int> run_wasi(const WasiRequest&) override { return no_wasmtime("weft wasi"); }
  Result<std::unique_ptr<LoadedBundle>> load_on_wasmtime(const BundleRequest&) override {
    return no_wasmtime("--engine wasmtime");
  }
  Result<int> run_on_wasmtime(const Options&, const RunRequest&) override {
    return no_wasmtime("--engine wasmtime");
  }
  Result<std::vector<graph::Tensor>> read_inputs(std::span<const TensorPort>,
                                                 const std::vector<std::string>&) override {
    return no_wasmtime("--engine wasmtime");
  }
  Result<std::string> in_other_process(const std::function<std::string()>&) override {
    return no_wasmtime("--engine wasmtime");
  }

 private:
  static std::unexpected<Error> no_wasmtime(const std::string& what) {
    return fail(ErrorKind::unsupported,
                what +
                    " needs Wasmtime, which the WebAssembly build of weft does not have: use "
                    "the native program (make build, tools/setup wasmtime)");
  }
  static std::string text(const ordered_json& request) {
    const auto answer = call(request);
    return answer && answer->is_string() ? answer->get<std::string>() : std::string();
  }

  Result<std::shared_ptr<const Source>> opened(const ordered_json& request) {
    WEFT_ASSIGN(answer, call(request));
    const auto file = answer["file"].get<int32_t>();
    auto source = std::make_shared<HostFile>(file, answer["size"].get<uint64_t>());
    files_[source.get()] = file;
    return source;
  }

  Files files_;
};

}  // namespace
}  // namespace weft::cli

extern "C" {

__attribute__((export_name("weft_alloc"))) void* weft_alloc(uint32_t bytes) { return std::malloc(bytes); }

__attribute__((export_name("weft_main"))) int32_t weft_main(char* arguments, uint32_t bytes) {
  const auto list = nlohmann::json::parse(arguments, arguments + bytes, nullptr, false);
  std::free(arguments);
  std::vector<std::string> given;
  for (const auto& argument : list) given.push_back(argument.get<std::string>());
  weft::cli::WasmHost host;
  return weft::cli::run(given, host);
}

}  // extern "C"
