// One kernel for all that differ only in names. Two are the same when they print the same once every name is
// that of its place.
#include <fmt/format.h>

#include "loops/rebuild.hpp"
#include "loops/text.hpp"
#include "plan/program.hpp"

namespace weft::plan {
namespace {

using loops::Block;
using LoopStatement = loops::Statement;

/// Names by place: loops by depth, lets by their number along the path.
class Canonical {
 public:
  Canonical() : rebuilder_({}, nullptr) {}

  Block block(const Block& statements) {
    const uint32_t outer = next_;
    Block out;
    out.reserve(statements.size());
    for (const LoopStatement& statement : statements)
      out.push_back(std::visit([&](const auto& node) { return copy(node); }, statement.node));
    next_ = outer;
    return out;
  }

 private:
  std::string name(char prefix) { return fmt::format("{}{}", prefix, next_++); }

  LoopStatement copy(const loops::For& loop) {
    loops::Expr extent = rebuilder_.expr(loop.extent);
    const uint32_t outer = next_;
    std::string variable = name('v');
    rebuilder_.bind_index(loop.variable, loops::loop_variable(variable, extent));
    Block body = block(*loop.body);
    next_ = outer;
    return loops::make_for(std::move(variable), std::move(extent), loop.kind, std::move(body));
  }

  LoopStatement copy(const loops::Store& store) {
    loops::Expr index = rebuilder_.expr(store.index);
    return loops::make_store(store.buffer, std::move(index), rebuilder_.value(store.value));
  }

  LoopStatement copy(const loops::Let& let) {
    loops::Value value = rebuilder_.value(let.value);
    std::string given = name('t');
    rebuilder_.bind_local(let.name, loops::local(value->type, given));
    return loops::make_let(std::move(given), std::move(value));
  }

  LoopStatement copy(const loops::LetIndex& let) {
    loops::Value value = rebuilder_.value(let.value);
    expr::Variable variable = let.variable;
    variable.name = name('v');
    rebuilder_.bind_index(let.variable.name,
                          expr::variable(variable.name, variable.range, variable.multiple_of));
    return loops::make_let_index(std::move(variable), std::move(value));
  }

  LoopStatement copy(const loops::If& node) {
    loops::Expr condition = rebuilder_.expr(node.condition);
    Block then_block = block(*node.then_block);
    Block else_block;
    if (node.else_block) else_block = block(*node.else_block);
    return loops::make_if(std::move(condition), std::move(then_block), std::move(else_block));
  }

  loops::Rebuilder rebuilder_;
  uint32_t next_ = 0;
};

std::string canonical_text(const loops::Kernel& kernel) {
  loops::Kernel copy = kernel;
  copy.name.clear();
  for (size_t i = 0; i < copy.buffers.size(); ++i) copy.buffers[i].name = fmt::format("b{}", i);
  copy.body = Canonical().block(kernel.body);
  return loops::shared_text(copy);
}

}  // namespace

Program share_kernels(Program program) {
  std::map<std::string, KernelId> known;
  std::vector<KernelId> number_of;
  std::vector<loops::Kernel> kernels;
  for (loops::Kernel& kernel : program.kernels) {
    const auto [found, added] = known.emplace(canonical_text(kernel), static_cast<KernelId>(kernels.size()));
    number_of.push_back(found->second);
    if (added) kernels.push_back(std::move(kernel));
  }
  program.kernels = std::move(kernels);
  for (Entry& entry : program.entries)
    for (Statement& statement : entry.statements)
      if (auto* call = std::get_if<Call>(&statement)) call->kernel = number_of[call->kernel];
  return program;
}

}  // namespace weft::plan
