#include "compile/gpu.hpp"

#include <concepts>
#include <nlohmann/json.hpp>

#include "base/check.hpp"
#include "schedule/gpu_rules.hpp"

namespace weft::compile {
namespace {

using nlohmann::ordered_json;

class ProgramJson {
 public:
  explicit ProgramJson(const plan::Program& program) : program_(program) {}

  ordered_json entry(const plan::Entry& entry) const {
    ordered_json statements = ordered_json::array();
    for (const plan::Statement& statement : entry.statements)
      statements.push_back(std::visit([&](const auto& s) { return json(s); }, statement));
    return statements;
  }

 private:
  uint64_t address(plan::BufferId buffer) const { return program_.buffers[buffer].address; }

  ordered_json json(const plan::Call& call) const {
    ordered_json addresses = ordered_json::array();
    for (size_t i = 0; i < call.buffers.size(); ++i)
      addresses.push_back(address(call.buffers[i]) +
                          (call.offsets.empty() ? 0 : plan::greatest(call.offsets[i])));
    return {{"call", call.kernel},
            {"buffers", addresses},
            {"blocks", plan::greatest(call.blocks)},
            {"source", call.source}};
  }
  ordered_json json(const plan::Fill& fill) const {
    return {{"fill", address(fill.buffer)},
            {"bytes", program_.buffers[fill.buffer].bytes},
            {"value", fill.value}};
  }
  ordered_json json(const plan::Copy& copy) const {
    return {{"copy", address(copy.destination)},
            {"from", address(copy.source)},
            {"bytes", plan::greatest(copy.bytes)}};
  }
  ordered_json json(const plan::Define&) const {
    WEFT_CHECK(false, "a symbol in a program for GPUs");
    return {};
  }
  ordered_json json(const plan::Check&) const {
    WEFT_CHECK(false, "a check in a program for GPUs");
    return {};
  }
  template <class Mark>
    requires std::same_as<Mark, plan::Loop> || std::same_as<Mark, plan::If> || std::same_as<Mark, plan::End>
  ordered_json json(const Mark&) const {
    WEFT_CHECK(false, "a loop in a program for GPUs");
    return {};
  }
  ordered_json json(const plan::Custom&) const {
    WEFT_CHECK(false, "a custom statement in a program for GPUs");
    return {};
  }
  /// The weights are not streamed.
  ordered_json json(const plan::Load&) const {
    WEFT_CHECK(false, "a load in a program for GPUs");
    return {};
  }

  const plan::Program& program_;
};

ordered_json ports(const graph::Graph& g, const std::vector<graph::Port>& ports, const plan::Program& program,
                   const std::vector<plan::BufferId>& buffers) {
  ordered_json out = ordered_json::array();
  for (size_t i = 0; i < ports.size(); ++i) {
    const graph::Type& type = g.values[ports[i].value].type;
    out.push_back({{"name", ports[i].name},
                   {"dtype", to_string(type.dtype)},
                   {"shape", graph::constant_shape(type.shape).value_or(graph::Ints{})},
                   {"address", program.buffers[buffers[i]].address},
                   {"bytes", program.buffers[buffers[i]].bytes}});
  }
  return out;
}

void check(const plan::Program& program) {
  const Result<void> sound = plan::verify(program);
  WEFT_CHECK(sound.has_value(), to_string(sound.error()) + "\n" + plan::print(program));
}

}  // namespace

Result<GpuProgram> build_gpu_program(const graph::Graph& g, const Dump& dump) {
  if (!g.strings.empty()) return fail(ErrorKind::unsupported, "programs for GPUs have no strings");
  const BuildOptions options{.machine = {},
                             .vector_bytes = 0,
                             .rules = {schedule::gpu_default_schedule, schedule::gpu_preferred_storage},
                             .stream_weights = false};
  GpuProgram result;
  WEFT_ASSIGN(built, build_program(g, options, dump));
  check(built.program);
  WEFT_ASSIGN(memory, plan::place_buffers(built.program, 0));
  check(built.program);
  dump("program", [&] { return plan::print(built.program); });
  WEFT_ASSIGN(module, wgsl::print_module(built.program.kernels));
  dump("wgsl", [&] { return module.text; });
  result.built = std::move(built);
  result.memory = memory;
  result.module = std::move(module);
  return result;
}

std::string gpu_program_json(const graph::Graph& g, const GpuProgram& program,
                             const bundle::WeightsFile& weights) {
  const plan::Program& p = program.built.program;
  ordered_json out = ordered_json::object();
  out["experimental"] = true;
  out["memory"] = program.memory.total_bytes;
  out["inputs"] = ports(g, g.inputs, p, program.built.inputs);
  out["outputs"] = ports(g, g.outputs, p, program.built.outputs);
  out["weights"] = ordered_json::array();
  for (const auto& [value, buffer] : program.built.weights) {
    const bundle::WeightRange& range = weights.tensors.at(value);
    out["weights"].push_back({{"offset", weights.header_bytes + range.offset},
                              {"address", p.buffers[buffer].address},
                              {"bytes", range.bytes}});
  }
  out["kernels"] = ordered_json::array();
  for (size_t i = 0; i < p.kernels.size(); ++i)
    out["kernels"].push_back({{"name", p.kernels[i].name},
                              {"entry", program.module.entries[i].name},
                              {"params", program.module.entries[i].params}});
  for (const plan::Entry& entry : p.entries) out["entries"][entry.name] = ProgramJson(p).entry(entry);
  return out.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<Compiled> compile_gpu(const graph::Graph& g, const Dump& dump, std::string generator) {
  if (!g.loops.empty())
    return fail(ErrorKind::unsupported, "a program for GPUs has no loops and no branches that data decides",
                g.loops.front().index);
  WEFT_ASSIGN(program, build_gpu_program(g, dump));
  std::vector<graph::ValueId> constants;
  for (const auto& [value, buffer] : program.built.weights) constants.push_back(value);
  WEFT_ASSIGN(weights, bundle::write_weights(g, constants));
  Compiled compiled;
  compiled.manifest = bundle::make_manifest(g, weights, std::move(generator));
  compiled.bundle.files.push_back(bundle::text_file("model.wgsl", program.module.text));
  compiled.bundle.files.push_back(
      bundle::text_file("model.webgpu.json", gpu_program_json(g, program, weights)));
  compiled.bundle.files.push_back(std::move(weights.file));
  return compiled;
}

}  // namespace weft::compile
