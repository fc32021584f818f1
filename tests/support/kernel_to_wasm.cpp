// Compiles Loop IR kernels, runs the reference evaluator on them, and describes both for
// tests/node/kernels.test.mjs.
//   kernel_to_wasm VARIANT FILE OUT.wasm        a module with the kernel of FILE
//   kernel_to_wasm --print VARIANT FILE         the kernel as the emitter sees it
//   kernel_to_wasm --case SEED FILE OUT         OUT.<variant>.wasm for every variant and OUT.json: memories
//                                               before and after, in hex
//   kernel_to_wasm --random FIRST COUNT OUT     the same for random kernels: OUT<seed>.…
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "loops/unroll.hpp"
#include "loops/vectorize.hpp"
#include "support/kernel_files.hpp"
#include "support/random_kernel.hpp"
#include "targets/wasm/legalize.hpp"
#include "targets/wasm/module.hpp"

namespace {

using namespace weft;
using loops::Kernel;
using weft::testing::write_module;

[[noreturn]] void stop(const std::string& message) {
  std::cerr << message << "\n";
  std::exit(1);
}

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  if (!in) stop("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Kernel read_kernel(const std::string& path) {
  auto kernel = loops::parse(read_text(path));
  if (!kernel) stop(path + ": " + kernel.error().message);
  if (auto verified = loops::verify(*kernel); !verified) stop(path + ": " + verified.error().message);
  return *kernel;
}

wasm::WasmFeatures features_of(const std::string& name) {
  const auto features = wasm::find_variant(name);
  if (!features) stop("no such variant: " + name);
  return *features;
}

Kernel prepared(const Kernel& kernel, const wasm::WasmFeatures& features) {
  return loops::unroll(
      loops::vectorize(loops::unroll(kernel), {static_cast<uint32_t>(wasm::vector_bytes(features))}));
}

void write_case(const Kernel& kernel, uint64_t seed, const std::string& out) {
  for (const wasm::WasmVariant& variant : wasm::kVariants)
    write_module({prepared(kernel, variant.features)}, variant.features,
                 out + "." + std::string(variant.name) + ".wasm");
  std::map<std::string, int64_t, std::less<>> symbols;
  for (const auto& [name, variable] : kernel.symbols) {
    const int64_t least = variable.range.min.value_or(1), most = variable.range.max.value_or(least + 6);
    symbols[name] = least + static_cast<int64_t>(seed % static_cast<uint64_t>(most - least + 1)) /
                                variable.multiple_of * variable.multiple_of;
  }
  std::vector<loops::Memory> before = loops::random_memories(kernel, seed);
  std::vector<loops::Memory> after = before;
  loops::evaluate(kernel, after, symbols, 0, expr::evaluate(loops::block_count(kernel), symbols));
  std::ofstream(out + ".json") << weft::testing::task_json(0, kernel, before, after, symbols) << "\n";
}

int run(const std::vector<std::string>& args) {
  if (args.size() == 4 && args[0] == "--case") {
    write_case(read_kernel(args[2]), std::strtoull(args[1].c_str(), nullptr, 10), args[3]);
  } else if (args.size() == 4 && args[0] == "--random") {
    const uint64_t first = std::strtoull(args[1].c_str(), nullptr, 10),
                   count = std::strtoull(args[2].c_str(), nullptr, 10);
    for (uint64_t seed = first; seed < first + count; ++seed) {
      Kernel kernel = loops::RandomKernel(seed).make();
      // Its registers have indices that are not constant; as memory they can be compared, too.
      for (loops::Buffer& b : kernel.buffers)
        if (b.space == loops::BufferSpace::registers || b.space == loops::BufferSpace::scratch)
          b.space = loops::BufferSpace::read_write;
      const std::string out = args[3] + std::to_string(seed);
      std::ofstream(out + ".txt") << loops::print(kernel);
      write_case(kernel, seed, out);
    }
  } else if (args.size() == 3 && args[0] == "--print") {
    const wasm::WasmFeatures features = features_of(args[1]);
    std::cout << loops::print(wasm::legalize(prepared(read_kernel(args[2]), features), features));
  } else if (args.size() == 3) {
    const wasm::WasmFeatures features = features_of(args[0]);
    write_module({prepared(read_kernel(args[1]), features)}, features, args[2]);
  } else {
    std::cerr << "usage: kernel_to_wasm [--print | --case SEED | --random FIRST COUNT] …\n";
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return run({argv + 1, argv + argc}); }
