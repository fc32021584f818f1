// Prints Loop IR kernels as WGSL and runs the reference evaluator on them, for tests/node/webgpu.test.mjs.
//   kernel_to_wgsl SEED FILE…    JSON on stdout: [{"name", "wgsl", "task"}], task as in kernel_files.hpp; or
//                                {"name", "refused"} where WGSL cannot say what the kernel does
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "loops/unroll.hpp"
#include "loops/vectorize.hpp"
#include "support/kernel_files.hpp"
#include "support/random_kernel.hpp"
#include "targets/wgsl/module.hpp"

namespace {

using namespace weft;
using nlohmann::ordered_json;

[[noreturn]] void stop(const std::string& message) {
  std::cerr << message << "\n";
  std::exit(1);
}

loops::Kernel read_kernel(const std::string& path) {
  std::ifstream in(path);
  if (!in) stop("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  auto kernel = loops::parse(text.str());
  if (!kernel) stop(path + ": " + kernel.error().message);
  if (auto verified = loops::verify(*kernel); !verified) stop(path + ": " + verified.error().message);
  return *kernel;
}

ordered_json task(const loops::Kernel& kernel, uint64_t seed) {
  std::map<std::string, int64_t, std::less<>> symbols;
  for (const auto& [name, variable] : kernel.symbols) symbols[name] = variable.range.min.value_or(1);
  const std::vector<loops::Memory> before = loops::random_memories(kernel, seed);
  std::vector<loops::Memory> after = before;
  loops::evaluate(kernel, after, symbols, 0, expr::evaluate(loops::block_count(kernel), symbols));
  return ordered_json::parse(weft::testing::task_json(0, kernel, before, after, symbols));
}

ordered_json entry(const std::string& path, uint64_t seed) {
  const loops::Kernel kernel = loops::unroll(loops::vectorize(read_kernel(path), {.bytes = 0}));
  ordered_json out;
  out["name"] = path.substr(path.rfind('/') + 1);
  const auto module = wgsl::print_module({kernel});
  if (!module) {
    out["refused"] = module.error().message;
    return out;
  }
  out["wgsl"] = module->text;
  out["params"] = module->entries[0].params;
  out["task"] = task(kernel, seed);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) stop("usage: kernel_to_wgsl SEED FILE...");
  ordered_json all = ordered_json::array();
  for (int i = 2; i < argc; ++i) all.push_back(entry(argv[i], std::strtoull(argv[1], nullptr, 10)));
  std::cout << all.dump() << "\n";
  return 0;
}
