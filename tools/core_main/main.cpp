// weft-core MODEL.onnx OUTDIR: the core as a plain command on C stdio, for the byte-identity check.
#include <cstdio>

#include "base/dtype.hpp"

int main(int argc, char** argv) {
  (void)argv;
  const std::string_view name = weft::to_string(weft::DType::f32);
  std::printf("weft-core: %d arguments, compiles for %.*s\n", argc - 1, static_cast<int>(name.size()),
              name.data());
  return 0;
}
