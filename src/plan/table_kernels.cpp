// The kernels that a module has for its own tables.
#include <algorithm>
#include <bit>
#include <set>

#include "plan/tables.hpp"

namespace weft::plan {
namespace {

/// Words of the context (docs/bundle.md), and the code of an error.
enum ContextWord : uint8_t { error_code = 2, error_value = 4, error_min = 6, error_max = 7 };
constexpr int64_t kOutOfRange = 1;

using loops::Value;

Value maximum(Value a, Value b) { return loops::binary(loops::ValueOp::max, std::move(a), std::move(b)); }
Value sum(Value a, Value b) { return loops::binary(loops::ValueOp::add, std::move(a), std::move(b)); }
Value in_bytes(Value units) {
  const Value log2 = loops::constant_int({DType::i32}, std::countr_zero(kAlignment));
  return loops::binary(loops::ValueOp::shift_left, std::move(units), log2);
}

/// Values of the resize kernel: where buffers lie, in units of kAlignment (an address may not fit i32).
/// Buffers that move are bound by `let`, one after the other.
class Places {
 public:
  Places(const Program& program, const Moves& moves) : program_(program), moves_(moves) {
    for (const Move& move : moves_.moves) names_[move.buffer] = "place" + std::to_string(move.buffer);
  }

  /// Those that the words need.
  void bind(loops::Block& body, const std::map<uint32_t, Word>& words) const {
    std::set<BufferId> needed;
    for (const auto& [address, word] : words)
      if (word.place) needed.insert(*word.place);
    for (size_t i = moves_.moves.size(); i-- > 0;)
      if (needed.contains(moves_.moves[i].buffer))
        needed.insert(moves_.moves[i].on.begin(), moves_.moves[i].on.end());
    for (const Move& move : moves_.moves)
      if (needed.contains(move.buffer)) bind(body, move);
  }
  void bind(loops::Block& body) const {
    for (const Move& move : moves_.moves) bind(body, move);
  }

  Value place(BufferId id) const {
    const auto name = names_.find(id);
    if (name != names_.end()) return loops::local({DType::i32}, name->second);
    return units(program_.buffers[id].address);
  }

  /// All that the symbols take, in bytes.
  Value need() const {
    Value out = units(moves_.fixed_bytes);
    for (const BufferId id : moves_.growing)
      out = maximum(out, sum(end(id), units(program_.buffers[id].slack)));
    return in_bytes(out);
  }

 private:
  void bind(loops::Block& body, const Move& move) const {
    Value place = end(move.on.front());
    for (size_t i = 1; i < move.on.size(); ++i) place = maximum(place, end(move.on[i]));
    body.push_back(loops::make_let(names_.find(move.buffer)->second, place));
  }
  static Value units(uint64_t bytes) {
    return loops::constant_int({DType::i32}, static_cast<int64_t>((bytes + kAlignment - 1) / kAlignment));
  }
  Value end(BufferId id) const {
    return sum(place(id), loops::index_value(units_of(program_, program_.buffers[id])));
  }

  const Program& program_;
  const Moves& moves_;
  std::map<BufferId, std::string> names_;
};

/// A kernel that stores words of the tables; `index`: those that depend on it, else all, and what memory the
/// symbols take.
loops::Kernel storing(const Program& program, const StaticData& tables, const std::string& index) {
  loops::Kernel kernel;
  kernel.name = index.empty() ? "resize" : "next " + index;
  kernel.symbols = program.symbols;
  kernel.buffers.push_back({.name = "tables",
                            .dtype = DType::i32,
                            .space = loops::BufferSpace::write,
                            .elements = (tables.end - static_cast<int64_t>(kRecordsAddress)) / 4});
  std::map<uint32_t, Word> words = tables.words;
  if (!index.empty())
    std::erase_if(words, [&](const auto& word) { return !expr::uses(word.second.value, index); });
  const auto is_address = [](const auto& word) { return word.second.is_address; };
  const bool based = tables.base != 0 && std::ranges::any_of(words, is_address);
  if (based) {
    kernel.buffers[0].space = loops::BufferSpace::read_write;
    const int64_t at = (tables.base - static_cast<int64_t>(kRecordsAddress)) / 4;
    kernel.body.push_back(loops::make_let("base", loops::load({DType::i32}, 0, at)));
  }
  const Places places(program, tables.moves);
  if (index.empty()) places.bind(kernel.body);
  else places.bind(kernel.body, words);
  const auto store = [&](uint32_t address, Value value) {
    const int64_t at = (address - static_cast<int64_t>(kRecordsAddress)) / 4;
    kernel.body.push_back(loops::make_store(0, at, std::move(value)));
  };
  for (const auto& [address, word] : words) {
    Value value = loops::index_value(word.value);
    if (based && word.is_address) value = sum(loops::local({DType::i32}, "base"), std::move(value));
    store(address, word.place ? sum(in_bytes(places.place(*word.place)), value) : value);
  }
  if (index.empty() && tables.places != 0) store(tables.places, places.need());
  return kernel;
}

/// Writes the error cell: what is wrong or 0, the value, the range. step() looks at it after each call.
loops::Kernel check_kernel() {
  using namespace loops;
  Kernel kernel;
  kernel.name = "check";
  const expr::Interval range = {INT32_MIN, INT32_MAX};
  for (const char* end : {"max", "min"}) kernel.symbols.emplace(end, expr::Variable{end, range, 1});
  kernel.buffers.push_back({.name = "value", .dtype = DType::i64, .space = BufferSpace::read, .elements = 1});
  kernel.buffers.push_back({.name = "context",
                            .dtype = DType::i32,
                            .space = BufferSpace::write,
                            .elements = int64_t{kContextSize / 4}});
  const loops::Type i64{DType::i64, 1};
  const auto end = [&](const char* name) { return index_value(expr::variable(name, range)); };
  const auto put = [&](ContextWord at, Value value) {
    kernel.body.push_back(make_store(1, static_cast<int64_t>(at), std::move(value)));
  };
  const Value value = load(i64, 0, 0);
  const Value below = binary(ValueOp::less, value, cast(DType::i64, end("min")));
  const Value above = binary(ValueOp::less, cast(DType::i64, end("max")), value);
  const loops::Type i32{DType::i32, 1};
  put(error_code, select(binary(ValueOp::logical_or, below, above), constant_int(i32, kOutOfRange),
                         constant_int(i32, 0)));
  put(error_value, cast(DType::i32, value));
  const Value high = binary(ValueOp::shift_right, value, constant_int(i64, 32));
  kernel.body.push_back(make_store(1, int64_t{error_value} + 1, cast(DType::i32, high)));
  put(error_min, end("min"));
  put(error_max, end("max"));
  return kernel;
}

/// Of all entries, in order.
std::vector<const Loop*> loops_of(const Program& program) {
  std::vector<const Loop*> out;
  for (const Entry& entry : program.entries)
    for (const Statement& statement : entry.statements)
      if (const auto* loop = std::get_if<Loop>(&statement)) out.push_back(loop);
  return out;
}

}  // namespace

std::vector<loops::Kernel> table_kernels(const Program& program, const StaticData& tables) {
  std::vector<loops::Kernel> out;
  if (!program.symbols.empty()) out.push_back(storing(program, tables, {}));
  for (const Loop* loop : loops_of(program)) out.push_back(storing(program, tables, loop->index));
  if (has_checks(program)) out.push_back(check_kernel());
  return out;
}

KernelId resize_kernel_id(const Program& program) { return static_cast<KernelId>(program.kernels.size()); }

KernelId next_kernel_id(const Program& program, uint32_t loops) {
  return resize_kernel_id(program) + 1 + loops;
}

/// The index of a loop is a symbol: what has loops has the kernel of `resize`.
KernelId check_kernel_id(const Program& program) {
  if (program.symbols.empty()) return resize_kernel_id(program);
  return next_kernel_id(program, static_cast<uint32_t>(loops_of(program).size()));
}

}  // namespace weft::plan
