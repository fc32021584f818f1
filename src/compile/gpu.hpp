// Graph -> a program for GPUs: the same path with other rules, another printer. Experimental: it keeps the
// IRs honest, a runtime does not exist yet.
#pragma once

#include <set>
#include <string>

#include "bundle/weights.hpp"
#include "compile/build_program.hpp"
#include "compile/compile.hpp"
#include "compile/dump.hpp"
#include "targets/wgsl/module.hpp"

namespace weft::compile {

struct GpuProgram {
  BuiltProgram built;
  plan::MemoryPlan memory;
  wgsl::Module module;
};

/// Builds, places and prints. Fails with `unsupported`, naming the operation, where WGSL lacks what a kernel
/// needs.
Result<GpuProgram> build_gpu_program(const graph::Graph& g, const Dump& dump);

/// model.webgpu.json, for tests/support/webgpu.mjs: the entries as lists of statements with all addresses
/// resolved, the ports, the kernels' entry points, and where each piece of model.weights goes.
std::string gpu_program_json(const graph::Graph& g, const GpuProgram& program,
                             const bundle::WeightsFile& weights);

/// The files of a fused graph: model.wgsl, model.webgpu.json, model.weights.
Result<Compiled> compile_gpu(const graph::Graph& g, const Dump& dump, std::string generator);

}  // namespace weft::compile
