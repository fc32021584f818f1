// One variant of a model: fused graph -> module.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "bundle/weights.hpp"
#include "compile/build_program.hpp"
#include "compile/dump.hpp"
#include "graph/graph.hpp"
#include "plan/program.hpp"
#include "plan/tables.hpp"
#include "targets/wasm/facts.hpp"

namespace weft::compile {

/// The schedules' view of a variant's engine class.
schedule::Machine machine_for(const wasm::WasmFeatures& features);

/// A program with its memory placed and its tables made.
struct PlacedVariant {
  std::string name;
  wasm::WasmFeatures features;
  BuiltProgram built;
  plan::MemoryPlan memory;
  plan::Base base = plan::Base::zero;
  plan::StaticData tables;
  uint32_t pages = 0;  ///< of 64 KiB, before any symbol is chosen
};

/// Builds the program and places its memory; the tables are not made yet.
Result<PlacedVariant> place_variant(const graph::Graph& g, const wasm::WasmVariant& variant,
                                    Optimize optimize, bool costs, const std::vector<passes::State>& states,
                                    plan::Base base, const Dump& dump);

/// Makes the tables. `nodes` collects the names that all variants share.
void make_tables(PlacedVariant& variant, const bundle::WeightsFile& weights, plan::Nodes& nodes);

/// The program's kernels, and those of its tables, in the order of their ids.
std::vector<loops::Kernel> all_kernels(const PlacedVariant& variant);

/// The module's bytes; `manifest` becomes the `weft` custom section.
std::vector<uint8_t> emit_variant(const PlacedVariant& variant, const std::string& manifest,
                                  bool debug_names);

}  // namespace weft::compile
