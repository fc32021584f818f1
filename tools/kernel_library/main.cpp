// kernel_library OBJECT.o HEADER.hpp TEXT...: kernels as text -> a relocatable WebAssembly object and the C++
// header that calls them (runtimes/interpreter). A text is entries that `===` separates: the Loop IR of one
// kernel, or a graph of one group, which gets its default schedule. A line `each A B: x,y z,w` in front makes
// an entry of each tuple, in which $A and $B are replaced.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "compile/variant.hpp"
#include "loops/symbols.hpp"
#include "loops/unroll.hpp"
#include "loops/vectorize.hpp"
#include "lower/lower.hpp"
#include "passes/passes.hpp"
#include "schedule/apply.hpp"
#include "targets/wasm/object.hpp"

namespace {

using namespace weft;

constexpr wasm::WasmFeatures kFeatures{.simd128 = true, .relaxed = false};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// The entries that an entry stands for.
std::vector<std::string> expand(const std::string& entry) {
  if (!entry.starts_with("each ")) return {entry};
  const std::string head = entry.substr(5, entry.find('\n') - 5), body = entry.substr(entry.find('\n') + 1);
  const size_t colon = head.find(':');
  const std::vector<std::string> names = split(head.substr(0, colon), ' ');
  std::vector<std::string> entries;
  for (const std::string& tuple : split(head.substr(colon + 1), ' ')) {
    const std::vector<std::string> values = split(tuple, ',');
    std::string text = body;
    for (size_t i = 0; i < names.size() && i < values.size(); ++i)
      text = replaced(text, "$" + names[i], values[i]);
    entries.push_back(std::move(text));
  }
  return entries;
}

std::vector<std::string> entries_of(const std::string& file) {
  std::ifstream in(file);
  std::vector<std::string> entries;
  std::string entry;
  const auto close = [&] {
    if (entry.find_first_not_of(" \n") != std::string::npos)
      for (std::string& text : expand(entry)) entries.push_back(std::move(text));
    entry.clear();
  };
  for (std::string line; std::getline(in, line);) {
    if (line == "===") close();
    else if (!line.starts_with("#")) entry += line + "\n";
  }
  close();
  return entries;
}

/// The kernel of a graph that is one group of one stage, on tensors that lie row-major; buffers have the
/// names of the graph's values.
Result<loops::Kernel> kernel_of_graph(const std::string& text) {
  WEFT_ASSIGN(parsed, graph::parse(text));
  const graph::Graph g = passes::fuse_groups(std::move(parsed));
  const std::vector<lower::Group> groups = lower::collect_groups(g);
  if (groups.size() != 1) return fail(ErrorKind::invalid_argument, "not one group:\n" + text);
  const std::vector<loops::Stage> stages = lower::lower_group(g, groups.front());
  if (stages.size() != 1) return fail(ErrorKind::invalid_argument, "not one stage:\n" + text);
  const loops::Stage& stage = stages.front();
  std::vector<loops::Storage> storages;
  for (const loops::TensorOperand& tensor : stage.tensors) {
    std::vector<uint32_t> order;
    for (uint32_t i = 0; i < tensor.shape.size(); ++i) order.push_back(i);
    storages.push_back(loops::dense_storage(tensor.dtype, tensor.shape, order));
  }
  const schedule::Schedule schedule =
      schedule::default_schedule(stage, storages, compile::machine_for(kFeatures));
  WEFT_ASSIGN(kernel, schedule::apply(stage, schedule, storages));
  for (size_t i = 0; i < stage.tensors.size(); ++i)
    kernel.buffers[i].name = g.values[stage.tensors[i].value].name;
  kernel.name = g.name;
  return loops::with_symbols(std::move(kernel), g.symbols);
}

Result<loops::Kernel> kernel_of(const std::string& text) {
  const size_t word = text.find_first_not_of(" \n");
  WEFT_ASSIGN(kernel, text.compare(word, 5, "graph") == 0 ? kernel_of_graph(text) : loops::parse(text));
  return loops::unroll(loops::vectorize(std::move(kernel), {.bytes = 16}));
}

/// The struct of a kernel's parameters, in the order of the kernel ABI, and how it is called.
std::string declaration(const loops::Kernel& kernel) {
  std::string fields;
  for (const loops::Buffer& buffer : kernel.buffers)
    if (buffer.space != loops::BufferSpace::registers)
      fields += fmt::format("  {} {};\n", buffer.space == loops::BufferSpace::read ? "const void*" : "void*",
                            buffer.name);
  for (const auto& [name, variable] : kernel.symbols) fields += fmt::format("  int32_t {} = 0;\n", name);
  return fmt::format(
      "extern \"C\" void weft_kernel_{0}(const void*, int32_t, int32_t);\n"
      "struct {0} {{\n{1}"
      "  int32_t blocks() const {{ return {2}; }}\n"
      "  void operator()() const {{ weft_kernel_{0}(this, 0, blocks()); }}\n}};\n\n",
      kernel.name, fields, expr::print(loops::block_count(kernel)));
}

int run(const std::vector<std::string>& arguments) {
  std::vector<wasm::NamedKernel> kernels;
  std::string header =
      "// Made by tools/kernel_library: the kernels of runtimes/interpreter/kernels.\n#pragma once\n\n"
      "#include <cstdint>\n\nnamespace weft::interpreter::kernels {\n\n";
  for (size_t i = 2; i < arguments.size(); ++i)
    for (const std::string& text : entries_of(arguments[i])) {
      Result<loops::Kernel> kernel = kernel_of(text);
      if (!kernel) {
        std::cerr << arguments[i] << ": " << to_string(kernel.error()) << "\n" << text;
        return 1;
      }
      header += declaration(*kernel);
      kernels.push_back({"weft_kernel_" + kernel->name, std::move(*kernel)});
    }
  const std::vector<uint8_t> object = wasm::emit_kernel_object(kernels, kFeatures);
  std::ofstream(arguments[0], std::ios::binary)
      .write(reinterpret_cast<const char*>(object.data()), static_cast<std::streamsize>(object.size()));
  std::ofstream(arguments[1]) << header << "}  // namespace weft::interpreter::kernels\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "kernel_library OBJECT.o HEADER.hpp TEXT...\n";
    return 2;
  }
  return run({argv + 1, argv + argc});
}
