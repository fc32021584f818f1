// weft-componentize HOST.wasm OUT.wasm: a core module with the exports of wasi:nn
// (src/componentize/encode.hpp), and nothing that it imports of other modules, to a component.
#include <cstdio>
#include <vector>

#include "componentize/encode.hpp"

namespace {

using namespace weft;

bool read_file(const char* path, std::vector<uint8_t>& out) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return false;
  uint8_t buffer[1 << 16];
  for (size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;)
    out.insert(out.end(), buffer, buffer + n);
  return std::fclose(file) == 0;
}

bool write_file(const char* path, const componentize::Pieces& pieces) {
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) return false;
  bool good = true;
  for (const bundle::Piece& piece : pieces) {
    const auto& bytes = std::get<std::vector<uint8_t>>(piece);
    good = good && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  }
  return std::fclose(file) == 0 && good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: weft-componentize HOST.wasm OUT.wasm\n", stderr), 2;
  std::vector<uint8_t> code;
  if (!read_file(argv[1], code))
    return std::fprintf(stderr, "weft-componentize: cannot read %s\n", argv[1]), 6;
  std::vector<componentize::CoreModule> modules(1);
  modules[0].code.emplace_back(std::move(code));
  if (!write_file(argv[2], componentize::export_wasi_nn(std::move(modules))))
    return std::fprintf(stderr, "weft-componentize: cannot write %s\n", argv[2]), 6;
  return 0;
}
