#include "plan/moves.hpp"

#include <algorithm>

#include "plan/lifetimes.hpp"

namespace weft::plan {
namespace {

uint64_t end_of(const Buffer& buffer) { return buffer.address + memory_bytes(buffer) + buffer.slack; }

/// A set of buffers.
class Set {
 public:
  explicit Set(size_t size) : words_((size + 63) / 64) {}
  bool contains(BufferId id) const { return ((words_[id / 64] >> (id % 64)) & 1) != 0; }
  void insert(BufferId id) { words_[id / 64] |= uint64_t{1} << (id % 64); }
  void insert(const Set& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }

 private:
  std::vector<uint64_t> words_;
};

/// Buffers that hold something at some time, by address.
std::vector<BufferId> by_address(const Program& program, const Lifetimes& lives) {
  std::vector<BufferId> order;
  for (BufferId id = 0; id < program.buffers.size(); ++id)
    if (!lives.buffers[id].empty()) order.push_back(id);
  std::sort(order.begin(), order.end(), [&](BufferId a, BufferId b) {
    const uint64_t at_a = program.buffers[a].address, at_b = program.buffers[b].address;
    return at_a != at_b ? at_a < at_b : a < b;
  });
  return order;
}

/// What each buffer lies on. What lies under another one of these, by any number of steps, is left out: the
/// other one's end is higher.
std::vector<std::vector<BufferId>> supports(const Program& program, const Lifetimes& lives,
                                            const std::vector<BufferId>& order) {
  std::vector<std::vector<BufferId>> out(program.buffers.size());
  std::vector<Set> under(program.buffers.size(), Set(program.buffers.size()));
  for (size_t i = 0; i < order.size(); ++i) {
    const BufferId id = order[i];
    if (lives.buffers[id].for_ever) continue;
    for (size_t j = i; j-- > 0;) {
      const BufferId other = order[j];
      if (under[id].contains(other) || !lives.buffers[other].overlaps(lives.buffers[id])) continue;
      out[id].push_back(other);
      under[id].insert(other);
      under[id].insert(under[other]);
    }
  }
  return out;
}

}  // namespace

expr::Expr room_of(const Program& program, const Buffer& buffer) {
  const auto all = static_cast<int64_t>(memory_bytes(buffer));
  // Kernels compute with i32.
  if (!buffer.needs || buffer.bytes > INT32_MAX) return all;
  for (const std::string& name : expr::variables(*buffer.needs))
    if (is_defined(program, name)) return all;
  return expr::max(*buffer.needs, 0);
}

expr::Expr units_of(const Program& program, const Buffer& buffer) {
  return expr::ceil_div(room_of(program, buffer), static_cast<int64_t>(kAlignment));
}

Moves moves_of(const Program& program) {
  const Lifetimes lives = lifetimes(program);
  const std::vector<BufferId> order = by_address(program, lives);
  std::vector<bool> grows(program.buffers.size()), moves(program.buffers.size());
  for (const BufferId id : order) grows[id] = !units_of(program, program.buffers[id]).as_constant();
  Moves out;
  if (std::ranges::find(grows, true) != grows.end()) {
    std::vector<std::vector<BufferId>> on = supports(program, lives, order);
    for (const BufferId id : order) {
      moves[id] = std::ranges::any_of(on[id], [&](BufferId b) { return moves[b] || grows[b]; });
      if (moves[id]) out.moves.push_back({id, std::move(on[id])});
    }
  }
  for (const BufferId id : order) {
    if (moves[id] || grows[id]) out.growing.push_back(id);
    else out.fixed_bytes = std::max(out.fixed_bytes, end_of(program.buffers[id]));
  }
  return out;
}

std::vector<uint64_t> addresses_of(const Program& program, const SymbolValues& symbols) {
  const Moves moves = moves_of(program);
  std::vector<uint64_t> out;
  for (const Buffer& buffer : program.buffers) out.push_back(buffer.address);
  const auto end = [&](BufferId id) {
    const int64_t size = expr::evaluate(units_of(program, program.buffers[id]), symbols);
    return out[id] + static_cast<uint64_t>(size) * kAlignment;
  };
  for (const Move& move : moves.moves) {
    out[move.buffer] = 0;
    for (const BufferId on : move.on) out[move.buffer] = std::max(out[move.buffer], end(on));
  }
  uint64_t need = moves.fixed_bytes;
  for (const BufferId id : moves.growing) need = std::max(need, end(id) + program.buffers[id].slack);
  out.push_back(need);
  return out;
}

}  // namespace weft::plan
