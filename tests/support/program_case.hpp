// One small graph through the default rules of a machine: every kernel of its program verified, the program
// evaluated and compared with the graph, and what each call found and left in memory.
#pragma once

#include <string>
#include <vector>

#include "compile/variant.hpp"
#include "graph/eval.hpp"
#include "support/kernel_files.hpp"
#include "support/stage_case.hpp"

namespace weft::testing {

class ProgramCase {
 public:
  ProgramCase(uint64_t seed, const wasm::WasmFeatures& features)
      : source_(SmallGraphs::make(seed)), features_(features) {
    g_ = optimised(source_.g);
  }

  /// Empty, or what is wrong.
  std::string check() {
    const compile::BuildOptions options{.machine = compile::machine_for(features_),
                                        .vector_bytes = static_cast<uint32_t>(wasm::vector_bytes(features_)),
                                        .rules = {},
                                        .stream_weights = false};  // kernels are called whole
    std::string wrong;
    const compile::OnStage on_stage = [&](std::string_view stage, std::string_view text) {
      if (stage != "loops" || !wrong.empty()) return;
      const auto kernel = loops::parse(text);
      wrong = kernel ? verify(*kernel) : kernel.error().message;
    };
    auto built = compile::build_program(g_, options, compile::Dump(on_stage));
    if (!built) return built.error().message;
    if (!wrong.empty()) return wrong;
    for (const loops::Kernel& kernel : built->program.kernels)
      if (wrong = verify(kernel); !wrong.empty()) return wrong;
    if (const auto valid = plan::verify(built->program); !valid) return valid.error().message;
    run(*built);
    return compare(*built);
  }

  /// Whether verify proved that every index stays inside; evaluation finds out where it did not.
  bool proved() const { return proved_; }
  const std::string& kind() const { return source_.kind; }
  const std::vector<std::string>& tasks() const { return tasks_; }
  const std::vector<loops::Kernel>& kernels() const { return program_.kernels; }

 private:
  std::string verify(const loops::Kernel& kernel) {
    const auto valid = loops::verify(kernel);
    proved_ = proved_ && valid;
    if (valid || valid.error().message.find("is not proved") != std::string::npos) return "";
    return valid.error().message + "\n" + loops::print(kernel);
  }

  void run(const compile::BuiltProgram& built) {
    program_ = built.program;
    for (const plan::Buffer& buffer : program_.buffers)
      contents_.emplace_back(static_cast<size_t>(buffer.bytes), 0xff);
    for (const auto& [value, buffer] : built.weights)
      contents_[buffer] = graph::load_constant(g_, value, {})->bytes;
    for (size_t i = 0; i < built.inputs.size(); ++i) contents_[built.inputs[i]] = source_.inputs[i].bytes;
    for (const plan::Entry& entry : program_.entries)
      for (const plan::Statement& statement : entry.statements)
        std::visit([&](const auto& s) { step(s); }, statement);
  }

  void step(const plan::Define&) {}  // the graphs have no symbols
  void step(const plan::Loop&) {}    // nor loops
  void step(const plan::If&) {}
  void step(const plan::End&) {}
  void step(const plan::Custom&) {}  // nor strings
  void step(const plan::Check&) {}   // their indices are in range
  void step(const plan::Load&) {}    // the buffers hold whole weights from the start
  void step(const plan::Fill& fill) { std::ranges::fill(contents_[fill.buffer], fill.value); }
  void step(const plan::Copy& copy) {
    std::copy_n(contents_[copy.source].begin(), static_cast<size_t>(plan::greatest(copy.bytes)),
                contents_[copy.destination].begin());
  }
  void step(const plan::Call& call) {
    const loops::Kernel& kernel = program_.kernels[call.kernel];
    std::vector<loops::Memory> before(kernel.buffers.size());
    for (size_t i = 0, argument = 0; i < kernel.buffers.size(); ++i) {
      if (!loops::is_parameter(kernel.buffers[i].space)) continue;
      const auto from =
          contents_[call.buffers[argument]].begin() +
          static_cast<ptrdiff_t>(call.offsets.empty() ? 0 : plan::greatest(call.offsets[argument]));
      const auto size = *kernel.buffers[i].elements.as_constant() *
                        static_cast<int64_t>(byte_size(kernel.buffers[i].dtype));
      before[i].bytes.assign(from, from + size);
      ++argument;
    }
    std::vector<loops::Memory> after = before;
    loops::evaluate(kernel, after, {}, 0, static_cast<int64_t>(plan::greatest(call.blocks)));
    tasks_.push_back(task_json(call.kernel, kernel, before, after));
    for (size_t i = 0, argument = 0; i < kernel.buffers.size(); ++i) {
      if (!loops::is_parameter(kernel.buffers[i].space)) continue;
      const auto to =
          contents_[call.buffers[argument]].begin() +
          static_cast<ptrdiff_t>(call.offsets.empty() ? 0 : plan::greatest(call.offsets[argument]));
      if (kernel.buffers[i].space != loops::BufferSpace::read)
        std::copy_n(after[i].bytes.begin(), before[i].bytes.size(), to);
      ++argument;
    }
  }

  std::string compare(const compile::BuiltProgram& built) const {
    const auto expected = graph::evaluate(source_.g, {}, source_.inputs);
    if (!expected) return expected.error().message;
    for (size_t i = 0; i < expected->size(); ++i) {
      const graph::Tensor& wanted = (*expected)[i];
      const Bytes& got = contents_[built.outputs[i]];
      const size_t size = byte_size(wanted.dtype);
      for (size_t at = 0; at < wanted.bytes.size(); at += size)
        if (!same_element(wanted.dtype, got.data() + at, wanted.bytes.data() + at, size,
                          source_.exact ? 1e-6 : 1e-4))
          return "element " + std::to_string(at / size) + " is not the graph's";
    }
    return "";
  }

  SmallGraph source_;
  wasm::WasmFeatures features_;
  graph::Graph g_;
  plan::Program program_;
  plan::Contents contents_;
  std::vector<std::string> tasks_;
  bool proved_ = true;
};

}  // namespace weft::testing
