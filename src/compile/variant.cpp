#include "compile/variant.hpp"

#include "base/check.hpp"
#include "targets/wasm/module.hpp"

namespace weft::compile {
namespace {

constexpr uint64_t kPageBytes = 65536;

void check(const plan::Program& program) {
  const Result<void> sound = plan::verify(program);
  WEFT_CHECK(sound.has_value(), to_string(sound.error()) + "\n" + plan::print(program));
}

}  // namespace

schedule::Machine machine_for(const wasm::WasmFeatures& features) {
  if (features.relaxed)
    return {.lanes = 4, .tiles = {{6, 8}, {5, 8, 0.97}, {4, 8, 0.94}, {3, 12, 0.94}}, .unroll = 1};
  if (features.simd128) return {.lanes = 4, .tiles = {{3, 12}, {4, 8, 0.97}, {2, 16, 0.9}}, .unroll = 4};
  return {.lanes = 1, .tiles = {{2, 4}}, .unroll = 1};
}

Result<PlacedVariant> place_variant(const graph::Graph& g, const wasm::WasmVariant& variant,
                                    Optimize optimize, bool costs, const std::vector<passes::State>& states,
                                    plan::Base base, const Dump& dump) {
  PlacedVariant placed;
  placed.base = base;
  placed.name = variant.name;
  placed.features = variant.features;
  const BuildOptions options{.machine = machine_for(variant.features),
                             .vector_bytes = static_cast<uint32_t>(wasm::vector_bytes(variant.features)),
                             .rules = {},
                             .optimize = optimize,
                             .costs = costs,
                             .states = states};
  WEFT_ASSIGN(built, build_program(g, options, dump));
  check(built.program);
  WEFT_ASSIGN(memory, plan::place_buffers(built.program, plan::static_size(built.program, base)));
  check(built.program);
  dump("program", [&] { return plan::print(built.program); });
  placed.built = std::move(built);
  placed.memory = memory;
  placed.pages = static_cast<uint32_t>((memory.fixed_bytes + kPageBytes - 1) / kPageBytes);
  return placed;
}

void make_tables(PlacedVariant& variant, const bundle::WeightsFile& weights, plan::Nodes& nodes) {
  std::map<plan::BufferId, uint64_t> file;
  for (const auto& [value, buffer] : variant.built.weights) {
    const auto range = weights.tensors.find(value);
    WEFT_CHECK(range != weights.tensors.end(), variant.built.program.buffers[buffer].name);
    file.emplace(buffer, range->second.offset);
  }
  variant.tables = plan::make_static_data(variant.built.program, nodes, file, variant.base);
}

std::vector<loops::Kernel> all_kernels(const PlacedVariant& variant) {
  std::vector<loops::Kernel> kernels = variant.built.program.kernels;
  for (loops::Kernel& kernel : plan::table_kernels(variant.built.program, variant.tables))
    kernels.push_back(std::move(kernel));
  return kernels;
}

std::vector<uint8_t> emit_variant(const PlacedVariant& variant, const std::string& manifest,
                                  bool debug_names) {
  wasm::ModuleInput input;
  const std::vector<loops::Kernel> kernels = all_kernels(variant);
  input.kernels = kernels;
  input.features = variant.features;
  input.jumps = plan::has_jumps(variant.built.program);
  input.memory_pages_min = variant.pages;
  for (const auto& [address, bytes] : variant.tables.segments) input.data.push_back({address, bytes});
  if (!manifest.empty())
    input.sections.push_back({"weft", std::vector<uint8_t>(manifest.begin(), manifest.end())});
  input.sections.push_back({"weft.variant", std::vector<uint8_t>(variant.name.begin(), variant.name.end())});
  input.debug_names = debug_names;
  for (const plan::Entry& entry : variant.built.program.entries)
    for (const plan::Statement& statement : entry.statements)
      input.has_custom = input.has_custom || std::holds_alternative<plan::Custom>(statement);
  return wasm::emit_module(input);
}

}  // namespace weft::compile
