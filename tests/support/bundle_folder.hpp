// A compiled model as a folder, for tests of runtimes.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "compile/compile.hpp"

namespace weft::testing {

struct BundleFolder {
  std::filesystem::path path;

  /// Compiles the bytes of an ONNX model into a new folder, which goes with this object.
  BundleFolder(const std::string& model, const compile::CompileOptions& options) {
    std::string name = (std::filesystem::temp_directory_path() / "weft-bundle.XXXXXX").string();
    path = mkdtemp(name.data());
    const auto source = std::make_shared<MemorySource>(
        std::span(reinterpret_cast<const uint8_t*>(model.data()), model.size()));
    const auto compiled = compile::compile_model({source}, options);
    EXPECT_TRUE(compiled) << to_string(compiled.error());
    if (!compiled) return;
    for (const bundle::BundleFile& file : compiled->bundle.files)
      write(file.name, contents(file, compiled->blobs));
    write("model.json", bundle::manifest_with_files(compiled->manifest, {}));
  }
  BundleFolder(const BundleFolder&) = delete;
  ~BundleFolder() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }

  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(path / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  static std::string contents(const bundle::BundleFile& file, const Blobs& blobs) {
    std::string out;
    for (const bundle::Piece& piece : file.pieces) {
      const auto* range = std::get_if<BlobRange>(&piece);
      const auto bytes =
          range != nullptr ? *read_range(blobs, *range) : std::get<std::vector<uint8_t>>(piece);
      out.append(bytes.begin(), bytes.end());
    }
    return out;
  }
};

}  // namespace weft::testing
