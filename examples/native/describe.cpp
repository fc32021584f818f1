// describe BUNDLE: inputs and outputs of a bundle, by the C++ wrapper.
#include <iostream>
#include <weft.hpp>

namespace {

void print(const char* what, const weft_port& port) {
  std::cout << what << " " << port.name << " [";
  for (std::uint32_t i = 0; i < port.rank; ++i) {
    const weft_extent& extent = port.shape[i];
    std::cout << (i > 0 ? ", " : "");
    if (extent.min == extent.max) std::cout << extent.max;
    else std::cout << extent.name << " = " << extent.min << ".." << extent.max;
  }
  std::cout << "], " << weft_dtype_bytes(port.dtype) << " bytes an element\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: describe BUNDLE\n";
    return 2;
  }
  try {
    const weft::Model model(argv[1]);
    std::cout << model.name() << ", " << model.variant() << "\n";
    for (std::uint32_t i = 0; i < model.inputs(); ++i) print("input", model.input(i));
    for (std::uint32_t i = 0; i < model.outputs(); ++i) print("output", model.output(i));
  } catch (const weft::RuntimeError& error) {
    std::cerr << "describe: " << weft_status_name(error.status) << ": " << error.what() << "\n";
    return 1;
  }
}
