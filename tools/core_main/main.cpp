// weft-core MODEL.onnx OUTDIR [INPUT=AxBxC...]: the core as a plain command on C stdio, all variants, for the
// byte-identity check. What it writes must be the same whichever compiler built it, natively or for
// wasm32-wasi.
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "compile/compile.hpp"

namespace {

using namespace weft;

class FileSource final : public Source {
 public:
  explicit FileSource(std::FILE* file) : file_(file) {
    std::fseek(file_, 0, SEEK_END);
    size_ = static_cast<uint64_t>(std::ftell(file_));
  }
  ~FileSource() override { std::fclose(file_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  uint64_t size() const override { return size_; }
  Result<void> read(uint64_t offset, std::span<uint8_t> out) const override {
    std::fseek(file_, static_cast<long>(offset), SEEK_SET);
    if (offset > size_ || out.size() > size_ - offset ||
        std::fread(out.data(), 1, out.size(), file_) != out.size())
      return fail(ErrorKind::invalid_model, "the data ends before what it announces");
    return {};
  }

 private:
  std::FILE* file_;
  uint64_t size_ = 0;
};

graph::Ints shape(const char* text) {
  graph::Ints extents;
  for (char* end = nullptr; *text != 0; text = *end == 'x' ? end + 1 : end) {
    extents.push_back(std::strtoll(text, &end, 10));
    if (end == text) return {};
  }
  return extents;
}

bool write_file(const std::string& path, const bundle::BundleFile& file, const Blobs& blobs) {
  std::FILE* out = std::fopen(path.c_str(), "wb");
  if (out == nullptr) return false;
  bool good = true;
  for (const bundle::Piece& piece : file.pieces) {
    if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&piece)) {
      good = good && std::fwrite(bytes->data(), 1, bytes->size(), out) == bytes->size();
      continue;
    }
    const Result<std::vector<uint8_t>> bytes = read_range(blobs, std::get<BlobRange>(piece));
    good = good && bytes && std::fwrite(bytes->data(), 1, bytes->size(), out) == bytes->size();
  }
  return std::fclose(out) == 0 && good;
}

int run(int argc, char** argv) {
  std::FILE* file = std::fopen(argv[1], "rb");
  if (file == nullptr) return std::fprintf(stderr, "weft-core: cannot open %s\n", argv[1]), 6;
  compile::CompileOptions options;
  options.variants = {"scalar", "simd128", "relaxed"};
  options.name = "model";
  options.debug_names = true;
  for (int i = 3; i < argc; ++i) {
    const std::string text = argv[i];
    const size_t equals = text.rfind('=');
    if (equals != std::string::npos)
      for (const int64_t extent : shape(argv[i] + equals + 1))
        options.read.shapes[text.substr(0, equals)].emplace_back(extent);
  }
  const Result<compile::Compiled> compiled =
      compile::compile_model({std::make_shared<FileSource>(file)}, options);
  if (!compiled) {
    std::fprintf(stderr, "weft-core: %s: %s\n", to_string(compiled.error().kind),
                 to_string(compiled.error()).c_str());
    return 3;
  }
  mkdir(argv[2], 0777);
  bundle::Bundle bundle = compiled->bundle;
  bundle.files.push_back(
      bundle::text_file("model.json", bundle::manifest_with_files(compiled->manifest, {})));
  for (const bundle::BundleFile& each : bundle.files) {
    if (!write_file(std::string(argv[2]) + "/" + each.name, each, compiled->blobs))
      return std::fprintf(stderr, "weft-core: cannot write %s\n", each.name.c_str()), 6;
    std::printf("%s %llu\n", each.name.c_str(), static_cast<unsigned long long>(bundle::size(each)));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fputs("usage: weft-core MODEL.onnx OUTDIR [INPUT=AxBxC...]\n", stderr), 2;
  return run(argc, argv);
}
