// Random graphs as bundles beside what they must compute, for tests/node/graphs.test.mjs. Prints a line for
// each graph that does not compile, `seed N: what`, and `done` with counts of operations.
//   graph_fuzz make FIRST COUNT OUT     random graphs: OUT<seed>/ has graph.txt, case.json, case.bin and the
//   bundles graph_fuzz case FILE SEED OUT       the same of a graph's text graph_fuzz reduce FILE INDEX
//   prints the INDEX-th smaller graph; exit code 1 when there is none
// Bundles: `on` with all passes, `off` with none, each with every variant; `object`: with all passes, as an
// object for C of the name g<seed>.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "bundle/manifest.hpp"
#include "compile/compile.hpp"
#include "passes/passes.hpp"
#include "support/fuzz_case.hpp"
#include "support/random_graph.hpp"
#include "support/seed_report.hpp"
#include "support/symbolic_graph.hpp"

namespace {

using namespace weft;
using namespace weft::testing;

void write_files(const compile::Compiled& compiled, const std::string& folder,
                 std::vector<bundle::HashedFile>& files) {
  std::filesystem::create_directories(folder);
  for (const bundle::BundleFile& file : compiled.bundle.files) {
    std::ofstream out(folder + "/" + file.name, std::ios::binary);
    for (const bundle::Piece& piece : file.pieces) {
      const auto& bytes = std::get<std::vector<uint8_t>>(piece);
      out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    files.push_back({file.name, file.variant, bundle::size(file), std::string(64, '0')});
  }
}

Result<void> write_object(const graph::Graph& g, const std::string& name, const std::string& folder) {
  compile::CompileOptions options;
  options.variants = {"simd128"};
  options.object = {name, false};
  onnx::Import imported;
  imported.graph = g;
  WEFT_ASSIGN(compiled, compile::compile_graph(std::move(imported), options));
  std::vector<bundle::HashedFile> files;
  write_files(compiled, folder, files);
  return {};
}

Result<void> write_bundle(const graph::Graph& g, bool passes, const std::string& folder) {
  compile::CompileOptions options;
  options.variants = {"scalar", "simd128", "relaxed"};
  options.passes = passes;
  onnx::Import imported;
  imported.graph = g;
  WEFT_ASSIGN(compiled, compile::compile_graph(std::move(imported), options));
  std::vector<bundle::HashedFile> files;
  write_files(compiled, folder, files);
  for (const bundle::BundleFile& file : compiled.bundle.files)
    if (file.chunk_bytes > 0) compiled.manifest.weights_file_bytes = bundle::size(file);
  std::ofstream(folder + "/model.json") << bundle::manifest_with_files(compiled.manifest, files);
  return {};
}

/// Writes tensors one behind the other, and says where they are.
class CaseFile {
 public:
  explicit CaseFile(const std::string& folder) : bytes_(folder + "/case.bin", std::ios::binary) {}
  std::string place(const void* data, size_t size) {
    bytes_.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    const size_t padding = (8 - size % 8) % 8;
    bytes_.write("\0\0\0\0\0\0\0", static_cast<std::streamsize>(padding));
    at_ += size + padding;
    return "[" + std::to_string(at_ - size - padding) + "," + std::to_string(size) + "]";
  }

 private:
  std::ofstream bytes_;
  size_t at_ = 0;
};

std::string shape_text(const graph::Ints& shape) {
  std::string text;
  for (const int64_t extent : shape) text += (text.empty() ? "" : ",") + std::to_string(extent);
  return "[" + text + "]";
}

/// {"extents": […], "inputs": […], "outputs": […]} for one choice of extents.
std::string run_json(const graph::Graph& g, uint64_t seed, CaseFile& file, const graph::Ints& extents = {}) {
  const std::vector<graph::Tensor> inputs = fuzz_inputs(g, seed);
  const Expected expected = FuzzReference(g, inputs).run();
  std::string json = "{\"extents\":" + shape_text(extents) + ",\"inputs\":[";
  for (size_t i = 0; i < inputs.size(); ++i)
    json += std::string(i == 0 ? "" : ",") + "{\"name\":\"" + g.inputs[i].name + "\",\"dtype\":\"" +
            std::string(to_string(inputs[i].dtype)) + "\",\"shape\":" + shape_text(inputs[i].shape) +
            ",\"data\":" + file.place(inputs[i].bytes.data(), inputs[i].bytes.size()) + "}";
  json += "],\"outputs\":[";
  for (size_t k = 0; k < g.outputs.size(); ++k) {
    const graph::Type& type = g.values[g.outputs[k].value].type;
    const auto place = [&](const std::vector<double>& list) {
      return file.place(list.data(), list.size() * sizeof(double));
    };
    json += std::string(k == 0 ? "" : ",") + "{\"name\":\"" + g.outputs[k].name + "\",\"dtype\":\"" +
            std::string(to_string(type.dtype)) +
            "\",\"shape\":" + shape_text(*graph::constant_shape(type.shape)) +
            ",\"values\":" + place(expected.values[k]);
    json += ",\"bounds\":" + place(expected.bounds[k]) + "}";
  }
  return json + "]}";
}

/// What went wrong, or nothing.
std::string write_case(const graph::Graph& g, uint64_t seed, const std::string& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/graph.txt") << graph::print(g);
  const auto sound = graph::verify(g);
  if (!sound) return "not sound: " + to_string(sound.error());
  for (const bool passes : {true, false}) {
    const auto written = write_bundle(g, passes, folder + (passes ? "/on" : "/off"));
    if (!written) return to_string(written.error());
  }
  const auto object = write_object(g, "g" + std::to_string(seed), folder + "/object");
  if (!object) return to_string(object.error());
  CaseFile file(folder);
  std::string json = "[";
  if (g.symbols.empty()) json += run_json(g, seed, file);
  for (const auto& [name, variable] : g.symbols)  // one at most
    for (const int64_t n :
         {*variable.range.max, *variable.range.min, (*variable.range.min + *variable.range.max) / 2})
      json += std::string(json.size() == 1 ? "" : ",\n") +
              run_json(graph::specialize(g, {{name, n}}), seed, file, {n});
  std::ofstream(folder + "/case.json") << json << "]\n";
  return "";
}

/// Odd quarters of the seeds are over a symbol.
std::optional<graph::Graph> random_graph(uint64_t seed) {
  graph::RandomGraphOptions options;
  options.nodes = 4 + static_cast<int>(seed % 13);
  const bool is_symbolic = seed % 4 >= 2;
  options.max_elements = is_symbolic ? 8192 : 2048;
  if (is_symbolic) options.extents = {1, 1, 2, 3, 4, 5, kMarked, kMarked, kMarked};
  const std::vector<DType> rare = {DType::f64, DType::f16, DType::bf16, DType::i16, DType::i8,
                                   DType::u64, DType::u32, DType::u16,  DType::u8};
  options.dtypes.push_back(rare[seed / 4 % rare.size()]);
  // The reference goes from node to node, once each.
  for (const graph::Op op : graph::all_ops())
    if (op != graph::Op::state && op != graph::Op::last) options.ops.push_back(op);
  graph::Graph g = graph::RandomGraph(seed, options).make();
  return is_symbolic ? SymbolicGraph(g).make() : g;
}

int make(uint64_t first, uint64_t count, const std::string& out) {
  uint64_t failed = 0, symbolic = 0, made = 0;
  std::map<std::string, uint64_t> seen;
  for (const graph::Op op : graph::all_ops()) seen[std::string(graph::info(op).name)] = 0;
  for (current_seed = first; current_seed < first + count; ++current_seed) {
    const std::optional<graph::Graph> g = random_graph(current_seed);
    if (!g) continue;
    ++made;
    symbolic += g->symbols.empty() ? 0 : 1;
    for (const graph::Node& node : g->nodes) ++seen[std::string(graph::info(node.op).name)];
    if (const std::string wrong = write_case(*g, current_seed, out + std::to_string(current_seed));
        !wrong.empty()) {
      ++failed;
      std::cout << "seed " << current_seed << ": " << wrong << std::endl;
    }
  }
  std::cout << "done: " << made << " graphs, " << symbolic << " symbolic, " << failed << " failed; with";
  for (const auto& [op, times] : seen) std::cout << " " << op << " " << times;
  std::cout << std::endl;
  return failed == 0 ? 0 : 1;
}

Result<graph::Graph> read(const char* path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return graph::parse(text.str());
}

/// Without one of its outputs, with an input in the place of a node, or with a node's operand in its place.
std::optional<graph::Graph> reduced(const graph::Graph& g, size_t index) {
  if (index < g.outputs.size()) {
    if (g.outputs.size() == 1) return graph::Graph();
    graph::Graph smaller = g;
    smaller.outputs.erase(smaller.outputs.begin() + static_cast<std::ptrdiff_t>(index));
    return passes::remove_dead(std::move(smaller));
  }
  index -= g.outputs.size();
  if (index >= 2 * g.nodes.size()) return std::nullopt;
  const size_t at = g.nodes.size() - 1 - index % g.nodes.size();
  graph::Graph smaller = g;
  const graph::Node node = smaller.nodes[at];
  smaller.nodes.erase(smaller.nodes.begin() + static_cast<std::ptrdiff_t>(at));
  if (index < g.nodes.size()) {
    smaller.inputs.push_back({smaller.values[node.output].name, node.output});
  } else {
    graph::ValueId other = graph::kNoValue;
    for (const graph::ValueId input : node.inputs)
      if (g.values[input].type == g.values[node.output].type) other = input;
    if (other == graph::kNoValue) return graph::Graph();
    for (graph::Node& reader : smaller.nodes) std::ranges::replace(reader.inputs, node.output, other);
    for (graph::Port& port : smaller.outputs)
      if (port.value == node.output) port.value = other;
  }
  return passes::remove_dead(std::move(smaller));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  report_aborts();
  const auto number = [&](size_t i) { return std::strtoull(args[i].c_str(), nullptr, 10); };
  if (args.size() == 4 && args[0] == "make") return make(number(1), number(2), args[3]);
  if ((args.size() == 4 && args[0] == "case") || (args.size() == 3 && args[0] == "reduce")) {
    const auto g = read(argv[2]);
    if (!g) {
      std::cerr << args[1] << ": " << g.error().message << "\n";
      return 2;
    }
    if (args[0] == "reduce") {
      const auto smaller = reduced(*g, number(2));
      if (smaller) std::cout << graph::print(*smaller);
      return smaller ? 0 : 1;
    }
    current_seed = number(2);
    const std::string wrong = write_case(*g, current_seed, args[3]);
    if (!wrong.empty()) std::cout << "seed " << current_seed << ": " << wrong << std::endl;
    return wrong.empty() ? 0 : 3;
  }
  std::cerr << "usage: graph_fuzz make FIRST COUNT OUT | case FILE SEED OUT | reduce FILE INDEX\n";
  return 2;
}
