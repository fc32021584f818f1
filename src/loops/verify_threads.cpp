#include "loops/verify_threads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace weft::loops {
namespace {

struct Access {
  uint32_t buffer = 0;
  Expr index;
  bool store = false;
  const For* threads = nullptr;  ///< the loop around
  bool repeated = false;         ///< whether that loop lies in a loop that is not `blocks`
};

/// All accesses and `threads` loops of a kernel.
class Collector {
 public:
  std::vector<Access> accesses;
  std::vector<const For*> loops;
  bool nested = false;

  void block(const Block& statements) {
    for (const Statement& s : statements) std::visit([&](const auto& node) { visit(node); }, s.node);
  }

 private:
  void visit(const For& loop) {
    if (!loop.body) return;
    const bool serial_around = repeated_;
    if (loop.kind == ForKind::threads) {
      nested = nested || threads_;
      loops.push_back(&loop);
      threads_ = &loop;
    } else if (loop.kind != ForKind::blocks && !threads_) {
      repeated_ = true;
    }
    block(*loop.body);
    repeated_ = serial_around;
    if (loop.kind == ForKind::threads) threads_ = nullptr;
  }
  void visit(const Store& store) {
    accesses.push_back({store.buffer, store.index, true, threads_, repeated_});
    seen_.clear();
    value(store.value);
  }
  void visit(const Let& let) {
    seen_.clear();
    value(let.value);
  }
  void visit(const LetIndex& let) {
    seen_.clear();
    value(let.value);
  }
  void visit(const If& node) {
    if (node.then_block) block(*node.then_block);
    if (node.else_block) block(*node.else_block);
  }
  void value(const Value& v) {
    if (!v || !seen_.insert(v.get()).second) return;
    if (v->op == ValueOp::load) accesses.push_back({v->buffer, v->indices[0], false, threads_, repeated_});
    for (const Value& operand : v->operands) value(operand);
  }

  std::set<const ValueNode*> seen_;  // of one statement
  const For* threads_ = nullptr;
  bool repeated_ = false;
};

std::vector<Access> of_buffer(const Collector& found, uint32_t buffer) {
  std::vector<Access> accesses;
  for (const Access& access : found.accesses)
    if (access.buffer == buffer) accesses.push_back(access);
  return accesses;
}

bool keeps_to_slices(const Kernel& kernel, const std::vector<Access>& accesses, uint32_t buffer) {
  const int64_t elements = kernel.buffers[buffer].elements.as_constant().value_or(0);
  return std::ranges::all_of(accesses, [&](const Access& access) {
    const int64_t threads = access.threads ? access.threads->extent.as_constant().value_or(0) : 0;
    return threads > 0 &&
           index_in_slice(access.index, access.threads->variable, elements, threads).has_value();
  });
}

/// One iteration of a loop must not see what another of the same loop stores.
std::string workgroup_error(const Buffer& buffer, const std::vector<Access>& accesses) {
  if (!buffer.elements.as_constant() || buffer.slack != 0)
    return "workgroup buffer " + buffer.name + " is not of constant size";
  for (const Access& store : accesses) {
    if (!store.threads) return "workgroup buffer " + buffer.name + " is used outside of loops over threads";
    if (!store.store) continue;
    for (const Access& load : accesses)
      if (!load.store && load.threads == store.threads)
        return "workgroup buffer " + buffer.name + " is both stored and loaded in the loop over " +
               store.threads->variable;
  }
  return {};
}

std::string registers_error(const Kernel& kernel, uint32_t buffer, const std::vector<Access>& accesses) {
  if (keeps_to_slices(kernel, accesses, buffer)) return {};
  const bool once = std::ranges::all_of(accesses, [&](const Access& access) {
    return access.threads == accesses[0].threads && !access.repeated;
  });
  if (once) return {};
  return fmt::format(
      "registers {} live across loops over threads, but are not indexed by the thread in slices",
      kernel.buffers[buffer].name);
}

}  // namespace

std::optional<Expr> index_in_slice(const Expr& index, const std::string& variable, int64_t elements,
                                   int64_t threads) {
  if (threads <= 0 || elements % threads != 0) return std::nullopt;
  const int64_t slice = elements / threads;
  const auto split = expr::split_linear(index, variable);
  if (!split || !split->coefficient.is_constant(slice) || expr::uses(split->rest, variable))
    return std::nullopt;
  const expr::Interval rest = expr::bounds(split->rest);
  if (!rest.min || *rest.min < 0 || !rest.max || *rest.max >= slice) return std::nullopt;
  return split->rest;
}

std::optional<int64_t> thread_count(const Kernel& kernel) {
  Collector found;
  found.block(kernel.body);
  if (found.loops.empty()) return std::nullopt;
  return found.loops[0]->extent.as_constant();
}

bool has_slices(const Kernel& kernel, uint32_t buffer) {
  Collector found;
  found.block(kernel.body);
  return keeps_to_slices(kernel, of_buffer(found, buffer), buffer);
}

std::string threads_error(const Kernel& kernel) {
  Collector found;
  found.block(kernel.body);
  for (const Buffer& buffer : kernel.buffers)
    if (buffer.space == BufferSpace::workgroup && found.loops.empty())
      return "workgroup buffer " + buffer.name + " without loops over threads";
  if (found.loops.empty()) return {};
  if (found.nested) return "a loop over threads in another";
  for (const For* loop : found.loops)
    if (!loop->extent.as_constant() || !(loop->extent == found.loops[0]->extent))
      return "the loops over threads have not one constant extent";
  for (const Access& access : found.accesses)
    if (!access.threads)
      return fmt::format("{} is {} beside loops over threads", kernel.buffers[access.buffer].name,
                         access.store ? "stored" : "loaded");
  for (uint32_t i = 0; i < kernel.buffers.size(); ++i) {
    const BufferSpace space = kernel.buffers[i].space;
    std::string wrong;
    if (space == BufferSpace::workgroup) wrong = workgroup_error(kernel.buffers[i], of_buffer(found, i));
    if (space == BufferSpace::registers) wrong = registers_error(kernel, i, of_buffer(found, i));
    if (!wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace weft::loops
