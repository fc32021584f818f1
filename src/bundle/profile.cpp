// What profiles know of a program's statements.
#include "bundle/manifest.hpp"
#include "plan/tables.hpp"

namespace weft::bundle {
namespace {

/// Kernels are called "operations: nodes"; the nodes of a shared one are those of its first call.
std::string operations(const std::string& kernel) { return kernel.substr(0, kernel.find(": ")); }

struct Describe {
  const plan::Program& program;

  StatementInfo operator()(const plan::Call& call) const {
    StatementInfo out;
    out.work = loops::to_string(call.cost.work);
    out.kernel = operations(program.kernels[call.kernel].name);
    out.function = call.kernel;
    out.source = call.source;
    out.flops = call.cost.flops;
    out.bytes = call.cost.bytes;
    return out;
  }
  StatementInfo operator()(const plan::Fill& fill) const {
    const plan::Buffer& buffer = program.buffers[fill.buffer];
    return {"fill", {}, 0, buffer.name, 0, buffer.bytes};
  }
  StatementInfo operator()(const plan::Copy& copy) const {
    return {"copy", {}, 0, program.buffers[copy.destination].name, 0, 2 * plan::greatest(copy.bytes)};
  }
  StatementInfo operator()(const plan::Define& define) const { return {"copy", {}, 0, define.symbol, 0, 4}; }
  StatementInfo operator()(const plan::Check& check) const {
    return {"call", "check", plan::check_kernel_id(program), check.source, 0, 8};
  }
  StatementInfo operator()(const plan::Loop& loop) const { return {"loop", {}, 0, loop.index, 0, 4}; }
  StatementInfo operator()(const plan::If& node) const {
    return {"loop", {}, 0, program.buffers[node.condition].name, 0, 1};
  }
  StatementInfo operator()(const plan::End&) const { return {"loop", {}, 0, {}, 0, 4}; }
  StatementInfo operator()(const plan::Custom& custom) const {
    return {"custom", custom.name, 0, custom.source, 0, 0};
  }
  StatementInfo operator()(const plan::Load& load) const {
    return {"load", {}, 0, program.buffers[load.buffer].name, 0, load.bytes};
  }
};

}  // namespace

std::vector<StatementInfo> statement_infos(const plan::Program& program) {
  std::vector<StatementInfo> out;
  uint32_t loops = 0;  // so far
  for (const plan::Entry& entry : program.entries) {
    if (entry.name != "run") continue;
    const std::vector<size_t> matched = *plan::matching(entry.statements);
    for (size_t i = 0; i < entry.statements.size(); ++i) {
      const plan::Statement& statement = entry.statements[i];
      const bool ends = std::holds_alternative<plan::End>(statement);
      if (ends && std::holds_alternative<plan::If>(entry.statements[matched[i]])) continue;  // no record
      out.push_back(std::visit(Describe{program}, statement));
      if (std::holds_alternative<plan::Loop>(statement)) {
        out.push_back(out.back());
        const plan::KernelId kernel = plan::next_kernel_id(program, loops++);
        out.push_back({"call", "next", kernel, out.back().source, 0, 0});
      }
      // The second record of a definition: what depends on the symbol.
      if (std::holds_alternative<plan::Define>(statement))
        out.push_back({"call", "resize", plan::resize_kernel_id(program), {}, 0, 0});
    }
  }
  return out;
}

}  // namespace weft::bundle
