// Stages under schedules, checked in the evaluator and written for tests/node/schedules.test.mjs. Prints one
// line for each seed that fails, `seed N: what`, and `done` with counts.
//   schedules_to_wasm random FIRST COUNT OUT     random schedules: OUT<seed>.json, OUT<seed>.<variant>.wasm
//   schedules_to_wasm default FIRST COUNT OUT    the default rules of every machine, over whole programs:
//   OUT<seed>.<variant>.json
//                                                and OUT<seed>.<variant>.wasm
//   schedules_to_wasm show SEED                  the case of a random schedule as text
#include <cstdlib>
#include <iostream>

#include "support/kernel_files.hpp"
#include "support/program_case.hpp"
#include "support/seed_report.hpp"
#include "support/stage_case.hpp"

namespace {

using namespace weft;
using namespace weft::testing;

uint64_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

/// Whether every register has a constant index, as the emitter wants it. Others are memory in the engine.
bool constant_registers(const loops::Kernel& kernel) {
  bool constant = true;
  const auto check = [&](uint32_t buffer, const expr::Expr& index) {
    if (kernel.buffers[buffer].space == loops::BufferSpace::registers)
      constant = constant && index.as_constant();
  };
  each_access(kernel, check);
  return constant;
}

void write_random(StageCase& c, const std::string& out) {
  loops::Kernel kernel = c.kernel();
  bool registers = true;
  for (const wasm::WasmVariant& variant : wasm::kVariants)
    registers = registers && constant_registers(prepared(
                                 kernel, static_cast<uint32_t>(wasm::vector_bytes(variant.features))));
  std::vector<loops::Memory> before = c.memories();
  for (size_t i = 0; i < kernel.buffers.size() && !registers; ++i) {
    if (kernel.buffers[i].space != loops::BufferSpace::registers) continue;
    kernel.buffers[i].space = loops::BufferSpace::scratch;
    before[i].bytes.resize(static_cast<size_t>(*kernel.buffers[i].elements.as_constant()) *
                           byte_size(kernel.buffers[i].dtype));
  }
  for (const wasm::WasmVariant& variant : wasm::kVariants)
    write_module({prepared(kernel, static_cast<uint32_t>(wasm::vector_bytes(variant.features)))},
                 variant.features, out + "." + std::string(variant.name) + ".wasm");
  std::vector<loops::Memory> after = before;
  loops::evaluate(kernel, after, {}, 0, *loops::block_count(kernel).as_constant());
  std::ofstream(out + ".json") << "[" << task_json(0, kernel, before, after) << "]\n";
}

int run_random(uint64_t first, uint64_t count, const std::string& out) {
  uint64_t failed = 0, unproved = 0;
  std::map<std::string, uint64_t> steps;
  for (current_seed = first; current_seed < first + count; ++current_seed) {
    StageCase c(current_seed);
    if (const std::string wrong = c.check(); !wrong.empty()) {
      ++failed;
      std::cout << "seed " << current_seed << ": " << c.kind() << ": " << wrong << std::endl;
      continue;
    }
    unproved += c.proved() ? 0 : 1;
    for (const std::string& step : words_of(c.schedule())) ++steps[step];
    write_random(c, out + std::to_string(current_seed));
  }
  std::cout << "done: " << count << " cases, " << failed << " failed, " << unproved
            << " not proved to stay inside; with";
  for (const auto& [step, times] : steps) std::cout << " " << step << " " << times;
  std::cout << std::endl;
  return failed == 0 ? 0 : 1;
}

int run_default(uint64_t first, uint64_t count, const std::string& out) {
  uint64_t failed = 0, kernels = 0, unproved = 0;
  for (current_seed = first; current_seed < first + count; ++current_seed)
    for (const wasm::WasmVariant& variant : wasm::kVariants) {
      ProgramCase c(current_seed, variant.features);
      if (const std::string wrong = c.check(); !wrong.empty()) {
        ++failed;
        std::cout << "seed " << current_seed << ": " << c.kind() << ", " << variant.name << ": " << wrong
                  << std::endl;
        continue;
      }
      kernels += c.tasks().size();
      unproved += c.proved() ? 0 : 1;
      const std::string base = out + std::to_string(current_seed) + "." + std::string(variant.name);
      write_module(c.kernels(), variant.features, base + ".wasm");
      std::ofstream json(base + ".json");
      const char* separator = "";
      json << "[";
      for (const std::string& task : c.tasks()) json << std::exchange(separator, ",\n") << task;
      json << "]\n";
    }
  std::cout << "done: " << count << " cases, " << failed << " failed, " << kernels << " kernels, " << unproved
            << " programs not proved to stay inside" << std::endl;
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  report_aborts();
  if (args.size() == 4 && args[0] == "random") return run_random(number(argv[2]), number(argv[3]), args[3]);
  if (args.size() == 4 && args[0] == "default") return run_default(number(argv[2]), number(argv[3]), args[3]);
  if (args.size() == 2 && args[0] == "show") {
    current_seed = number(argv[2]);
    StageCase c(current_seed);
    std::cout << c.describe() << std::endl;
    const std::string wrong = c.check();
    std::cout << loops::print(c.kernel()) << (wrong.empty() ? "agrees" : wrong) << std::endl;
    return 0;
  }
  std::cerr << "usage: schedules_to_wasm random|default FIRST COUNT OUT | show SEED\n";
  return 2;
}
