#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "expr/exhaustive.hpp"
#include "plan/access_range.hpp"
#include "plan/aliasing.hpp"
#include "plan/lifetimes.hpp"
#include "plan/moves.hpp"

namespace weft::plan {
namespace {

constexpr uint64_t kAddressSpace = uint64_t{1} << 32;
constexpr uint64_t kMaxBlocks = INT32_MAX;  ///< the kernel's begin and end are i32

std::unexpected<Error> broken(std::string what, std::string node = {}) {
  return fail(ErrorKind::invalid_argument, std::move(what), std::move(node));
}

/// One entry's statements, in order: ids, sizes and what is written when.
class Checker {
 public:
  Checker(const Program& program, std::vector<bool>& written) : program_(program), written_(written) {}

  Result<void> entry(const Entry& entry) {
    once_ = entry.name == kPrepare;
    progress_.clear();
    if (!matching(entry.statements)) return broken("loops and ifs do not nest in " + entry.name);
    for (const Statement& statement : entry.statements) {
      WEFT_TRY(std::visit([&](const auto& s) { return check(s); }, statement));
      WEFT_TRY(order(statement));
      if (std::holds_alternative<Loop>(statement) || std::holds_alternative<If>(statement))
        open_.push_back({&statement, written_});
      if (std::holds_alternative<End>(statement)) close();
    }
    for (const auto& [call, next] : progress_)
      if (next != 0)
        return broken(fmt::format("only {} blocks of {} run", next, program_.kernels[call.first].name));
    return {};
  }

 private:
  /// What is written in a loop or an if that may not run is not written behind it.
  void close() {
    const auto* loop = std::get_if<Loop>(open_.back().statement);
    const bool runs = loop != nullptr && !loop->condition && expr::bounds(loop->trips).min.value_or(0) > 0;
    if (!runs) written_ = std::move(open_.back().written);
    open_.pop_back();
  }

  /// The index of a loop has a value in it only.
  Result<void> check_indices(const expr::Expr& e, const std::string& node = {}) const {
    for (const std::string& name : expr::variables(e)) WEFT_TRY(check_index(name, node));
    return {};
  }
  Result<void> check_index(const std::string& name, const std::string& node) const {
    if (!indices_.contains(name)) return {};
    for (const Open& open : open_)
      if (const auto* loop = std::get_if<Loop>(open.statement); loop && loop->index == name) return {};
    return broken(name + " is used outside of its loop", node);
  }

  Result<void> check(const End&) const { return {}; }

  Result<void> check_condition(BufferId id) const {
    WEFT_TRY(check_id(id));
    if (once_) return broken("a loop or an if in " + std::string(kPrepare));
    if (program_.buffers[id].bytes < 1) return broken(fmt::format("b{} is too small for a condition", id));
    return {};
  }
  Result<void> check(const If& node) const { return check_condition(node.condition); }

  Result<void> check(const Loop& loop) {
    if (once_) return broken("a loop or an if in " + std::string(kPrepare));
    if (loop.condition) WEFT_TRY(check_condition(*loop.condition));
    const auto symbol = program_.symbols.find(loop.index);
    if (symbol == program_.symbols.end()) return broken("there is no symbol " + loop.index);
    if (!indices_.insert(loop.index).second) return broken(loop.index + " is the index of two loops");
    WEFT_TRY(check_indices(loop.trips));
    const expr::Interval trips = expr::bounds(loop.trips), range = symbol->second.range;
    if (!trips.min || *trips.min < 0 || !trips.max || *trips.max > INT32_MAX)
      return broken(fmt::format("a loop of {} iterations", expr::print(loop.trips)));
    if (range.min != 0 || !range.max || *range.max < *trips.max - 1 || symbol->second.multiple_of != 1)
      return broken(loop.index + " does not count to " + expr::print(loop.trips));
    return {};
  }

  Result<void> check_id(BufferId id) const {
    if (id < program_.buffers.size()) return {};
    return broken(fmt::format("there is no buffer b{}", id));
  }

  Result<void> check(const Fill& fill) {
    WEFT_TRY(check_id(fill.buffer));
    if (fill.bytes) WEFT_TRY(check_indices(*fill.bytes));
    if (!fill.bytes || greatest(*fill.bytes) <= program_.buffers[fill.buffer].bytes) return {};
    return broken(
        fmt::format("a fill of {} bytes passes the end of b{}", expr::print(*fill.bytes), fill.buffer));
  }

  Result<void> check(const Copy& copy) {
    WEFT_TRY(check_id(copy.destination));
    WEFT_TRY(check_id(copy.source));
    WEFT_TRY(check_indices(copy.bytes));
    if (copy.destination == copy.source) return broken(fmt::format("b{} is copied to itself", copy.source));
    const uint64_t least =
        std::min(program_.buffers[copy.destination].bytes, program_.buffers[copy.source].bytes);
    if (greatest(copy.bytes) <= least) return {};
    return broken(fmt::format("a copy of {} bytes between b{} and b{} passes their ends",
                              expr::print(copy.bytes), copy.destination, copy.source));
  }

  Result<void> check(const Load& load) {
    WEFT_TRY(check_id(load.buffer));
    const Buffer& buffer = program_.buffers[load.buffer];
    if (buffer.kind != BufferKind::weights || !once_)
      return broken(fmt::format("b{} may not be loaded here", load.buffer));
    const bool inside = load.begin <= buffer.bytes && load.bytes <= buffer.bytes - load.begin;
    if (!inside || load.bytes > memory_bytes(buffer))
      return broken(
          fmt::format("a load of {} + {} bytes does not fit b{}", load.begin, load.bytes, load.buffer));
    if (buffer.window == 0 && load.bytes != buffer.bytes)
      return broken(fmt::format("a part of b{}, which has no window, is loaded", load.buffer));
    // Kernels get the address where the first element would be.
    if (buffer.placed && buffer.address < load.begin)
      return broken(fmt::format("b{} would begin at a negative address", load.buffer));
    loaded_[load.buffer] = load;
    return {};
  }

  Result<void> check(const Define& define) {
    WEFT_TRY(check_id(define.buffer));
    if (once_) return broken("a symbol is defined by " + std::string(kPrepare));
    if (!program_.symbols.contains(define.symbol)) return broken("there is no symbol " + define.symbol);
    if (program_.buffers[define.buffer].bytes < 4)
      return broken(fmt::format("b{} is too small for a symbol", define.buffer));
    return {};
  }

  Result<void> check(const Check& check) {
    WEFT_TRY(check_id(check.buffer));
    if (program_.buffers[check.buffer].bytes < 8)
      return broken(fmt::format("b{} is too small for an i64", check.buffer), check.source);
    for (const expr::Expr& end : {check.min, check.max}) {
      const expr::Interval bounds = expr::bounds(end);
      if (!bounds.min || *bounds.min < INT32_MIN || !bounds.max || *bounds.max > INT32_MAX)
        return broken("the end of a range is no i32: " + expr::print(end), check.source);
      WEFT_TRY(check_indices(end, check.source));
    }
    return {};
  }

  Result<void> check(const Operand& operand, const Custom& custom) const {
    WEFT_TRY(check_id(operand.buffer));
    WEFT_TRY(check_indices(operand.offset, custom.source));
    for (const expr::Expr& extent : operand.shape) WEFT_TRY(check_indices(extent, custom.source));
    const auto least = expr::bounds(operand.offset).min;
    const Buffer& buffer = program_.buffers[operand.buffer];
    if (!least || *least < 0 || greatest(operand.offset + operand.bytes()) > buffer.bytes)
      return broken(fmt::format("an operand of {} passes the end of b{}", custom.name, operand.buffer),
                    custom.source);
    if (buffer.window != 0)
      return broken(fmt::format("{} reads b{}, which comes in parts", custom.name, operand.buffer),
                    custom.source);
    const auto size = static_cast<int64_t>(byte_size(operand.dtype));
    if (!operand.offset.is_constant(0) && expr::known_divisor(operand.offset) % size != 0)
      return broken(fmt::format("an operand of {} is not aligned", custom.name), custom.source);
    return {};
  }

  Result<void> check(const Custom& custom) {
    for (const Operand& input : custom.inputs) {
      WEFT_TRY(check(input, custom));
      if (input.buffer == custom.output.buffer)
        return broken(fmt::format("{} writes b{}, which it reads", custom.name, input.buffer), custom.source);
    }
    return check(custom.output, custom);
  }

  Result<void> check(const Call& call) {
    if (call.kernel >= program_.kernels.size())
      return broken(fmt::format("there is no kernel k{}", call.kernel), call.source);
    const loops::Kernel& kernel = program_.kernels[call.kernel];
    for (const auto& [name, symbol] : kernel.symbols) {
      const auto given = program_.symbols.find(name);
      if (given == program_.symbols.end() || !(given->second == symbol))
        return broken("the symbol " + name + " is not the program's", call.source);
      WEFT_TRY(check_index(name, call.source));
    }
    for (const expr::Expr& offset : call.offsets) WEFT_TRY(check_indices(offset, call.source));
    WEFT_TRY(check_blocks(call, kernel));
    if (!call.offsets.empty() && call.offsets.size() != call.buffers.size())
      return broken("offsets for some buffers", call.source);
    std::vector<Slice> slices;
    for (const loops::Buffer& parameter : kernel.buffers) {
      if (!loops::is_parameter(parameter.space)) continue;
      const size_t argument = slices.size();
      if (argument == call.buffers.size()) return broken("too few buffers for " + kernel.name, call.source);
      WEFT_TRY(check_id(call.buffers[argument]));
      const expr::Expr offset = call.offsets.empty() ? expr::Expr(0) : call.offsets[argument];
      const Slice slice{call.buffers[argument], offset, &parameter};
      WEFT_TRY(check_slice(slice, call));
      WEFT_TRY(check_part(slice, call, kernel));
      slices.push_back(slice);
    }
    if (slices.size() != call.buffers.size())
      return broken("too many buffers for " + kernel.name, call.source);
    return check_aliases(slices, kernel, call);
  }

  struct Slice {
    BufferId buffer = 0;
    expr::Expr offset = 0;
    const loops::Buffer* parameter = nullptr;

    expr::Expr end() const {
      return offset + parameter->elements * static_cast<int64_t>(byte_size(parameter->dtype));
    }
    Window window(const loops::Kernel& kernel) const {
      return {static_cast<uint32_t>(parameter - kernel.buffers.data()), offset};
    }
  };

  /// All blocks in one call, or from 0 up in calls with `first` that differ in nothing else.
  Result<void> check_blocks(const Call& call, const loops::Kernel& kernel) {
    const expr::Expr all = loops::block_count(kernel);
    bool whole = call.blocks == all;
    if (call.first) {
      const auto blocks = all.as_constant(), part = call.blocks.as_constant();
      uint64_t& next = progress_[{call.kernel, call.buffers}];
      whole = blocks && part && *call.first == next && *part > 0 &&
              static_cast<uint64_t>(*part) <= static_cast<uint64_t>(*blocks) - next;
      if (whole) next = (next + static_cast<uint64_t>(*part)) % static_cast<uint64_t>(*blocks);
    }
    if (!whole)
      return broken(fmt::format("{} blocks of {}, which has {}", expr::print(call.blocks), kernel.name,
                                expr::print(all)),
                    call.source);
    if (greatest(call.blocks) > kMaxBlocks) return broken("too many blocks", call.source);
    if (call.grain < 1 || call.grain > kMaxBlocks)
      return broken(fmt::format("a grain of {}", call.grain), call.source);
    return {};
  }

  Result<void> check_slice(const Slice& slice, const Call& call) const {
    const Buffer& buffer = program_.buffers[slice.buffer];
    const loops::Buffer& parameter = *slice.parameter;
    const expr::Interval elements = expr::bounds(parameter.elements);
    constexpr int64_t kMost = int64_t{1} << 40;
    if (!elements.max || *elements.max < 0 || *elements.max > kMost)
      return broken("the size of " + parameter.name, call.source);
    const int64_t size = static_cast<int64_t>(byte_size(parameter.dtype));
    const std::string place = fmt::format("b{} + {}", slice.buffer, expr::print(slice.offset));
    if (!slice.offset.is_constant(0) && expr::known_divisor(slice.offset) % size != 0)
      return broken(place + " is not aligned", call.source);
    const auto least = expr::bounds(slice.offset).min;
    uint64_t end = greatest(slice.end());
    // Bounds of products are loose, where an extent may be 0 above all.
    if (end > buffer.bytes)
      if (const auto exact = expr::exhaustive_bounds(slice.end(), int64_t{1} << 16))
        end = static_cast<uint64_t>(std::max<int64_t>(*exact->max, 0));
    if (!least || *least < 0 || end > buffer.bytes)
      return broken(
          fmt::format("{} ends at {} bytes, {} of {} has fewer", parameter.name, end, place, buffer.bytes),
          call.source);
    const uint64_t with_slack = end + static_cast<uint64_t>(parameter.slack * size);
    if (with_slack > buffer.bytes + buffer.slack)
      return broken(fmt::format("{} reads further beyond b{} than its slack of {}", parameter.name,
                                slice.buffer, buffer.slack),
                    call.source);
    return {};
  }

  /// What the call reads of a weight with a window is in it.
  Result<void> check_part(const Slice& slice, const Call& call, const loops::Kernel& kernel) const {
    if (program_.buffers[slice.buffer].window == 0) return {};
    const auto load = loaded_.find(slice.buffer);
    const auto parameter = static_cast<uint32_t>(slice.parameter - kernel.buffers.data());
    const auto range = loaded_range(kernel, parameter, call.first.value_or(0), greatest(call.blocks));
    if (load == loaded_.end() || !range || range->begin < 0 || !slice.offset.as_constant())
      return broken(fmt::format("what is read of b{} is not known", slice.buffer), call.source);
    const uint64_t size = byte_size(slice.parameter->dtype);
    const uint64_t offset = greatest(slice.offset);
    const uint64_t begin = offset + static_cast<uint64_t>(range->begin) * size;
    const uint64_t end = std::min(offset + static_cast<uint64_t>(range->end) * size,
                                  program_.buffers[slice.buffer].bytes);  // slack may be anything
    const Load& part = load->second;
    if (range->empty() || (begin >= part.begin && end <= part.begin + part.bytes)) return {};
    return broken(
        fmt::format("bytes {} to {} of b{} are read, which are not loaded", begin, end, slice.buffer),
        call.source);
  }

  /// Parameters do not alias where one of them is written.
  static Result<void> check_aliases(const std::vector<Slice>& slices, const loops::Kernel& kernel,
                                    const Call& call) {
    for (size_t i = 0; i < slices.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        const Slice &a = slices[i], &b = slices[j];
        if (a.buffer != b.buffer) continue;
        const bool reads =
            a.parameter->space == loops::BufferSpace::read && b.parameter->space == loops::BufferSpace::read;
        if (reads || never_meet(kernel, a.window(kernel), b.window(kernel))) continue;
        return broken(fmt::format("{} and {} share b{}", b.parameter->name, a.parameter->name, a.buffer),
                      call.source);
      }
    }
    return {};
  }

  Result<void> order(const Statement& statement) {
    const std::vector<Use> all = uses(program_, statement);
    const auto* call = std::get_if<Call>(&statement);
    const std::string source = call ? call->source : std::string();
    const bool loads = std::holds_alternative<Load>(statement);
    for (const Use& use : all)
      if (use.reads && !written_[use.buffer])
        return broken(fmt::format("b{} is read before it is written", use.buffer), source);
    for (const Use& use : all) {
      if (!use.writes) continue;
      const BufferKind kind = program_.buffers[use.buffer].kind;
      const bool fixed = kind == BufferKind::input || (kind == BufferKind::weights && !loads) ||
                         (kind == BufferKind::prepared && !once_);
      if (fixed) return broken(fmt::format("b{} may not be written here", use.buffer), source);
      written_[use.buffer] = true;
    }
    return {};
  }

  /// A loop or an if around the statement, and what was written before it.
  struct Open {
    const Statement* statement;
    std::vector<bool> written;
  };

  const Program& program_;
  std::vector<bool>& written_;
  bool once_ = false;
  std::vector<Open> open_;
  std::set<std::string, std::less<>> indices_;  ///< of loops so far
  std::map<BufferId, Load> loaded_;
  std::map<std::pair<KernelId, std::vector<BufferId>>, uint64_t>
      progress_;  ///< the next block, of calls in parts
};

Result<std::vector<bool>> loaded_weights(const Program& program) {
  for (const Entry& entry : program.entries)
    for (const Statement& statement : entry.statements)
      if (const auto* load = std::get_if<Load>(&statement); load && load->buffer >= program.buffers.size())
        return broken(fmt::format("there is no buffer b{}", load->buffer));
  return loaded_by_statements(program);
}

Result<void> check_entries(const Program& program) {
  std::set<std::string> names;
  std::vector<bool> written(program.buffers.size());
  WEFT_ASSIGN(loaded, loaded_weights(program));
  for (size_t i = 0; i < written.size(); ++i)
    written[i] = program.buffers[i].kind == BufferKind::weights && !loaded[i];
  for (const Entry& entry : program.entries) {
    if (!names.insert(entry.name).second) return broken("two entries of one name: " + entry.name);
    const bool once = entry.name == kPrepare;
    if (once && names.size() != 1) return broken("prepare is not the first entry");
    // What an entry leaves behind is prepared or output.
    for (size_t i = 0; i < written.size(); ++i) {
      const BufferKind kind = program.buffers[i].kind;
      if (kind == BufferKind::arena || kind == BufferKind::output) written[i] = false;
      if (kind == BufferKind::input) written[i] = !once;
    }
    Checker checker(program, written);
    WEFT_TRY(checker.entry(entry));
    if (once) continue;
    for (size_t i = 0; i < written.size(); ++i)
      if (program.buffers[i].kind == BufferKind::output && !written[i])
        return broken(fmt::format("the output b{} is not written by {}", i, entry.name));
  }
  return {};
}

/// Buffers by address; any two of them that overlap there must not live at once.
Result<void> check_overlaps(const Program& program) {
  const Lifetimes lives = lifetimes(program);
  std::vector<BufferId> order;
  for (BufferId id = 0; id < program.buffers.size(); ++id)
    if (program.buffers[id].bytes > 0 && !lives.buffers[id].empty()) order.push_back(id);
  std::sort(order.begin(), order.end(), [&](BufferId a, BufferId b) {
    const uint64_t at_a = program.buffers[a].address, at_b = program.buffers[b].address;
    return at_a != at_b ? at_a < at_b : a < b;
  });
  for (size_t i = 0; i < order.size(); ++i) {
    const Buffer& low = program.buffers[order[i]];
    for (size_t j = i + 1;
         j < order.size() && program.buffers[order[j]].address < low.address + memory_bytes(low); ++j)
      if (lives.buffers[order[i]].overlaps(lives.buffers[order[j]]))
        return broken(fmt::format("b{} and b{} live at once at the same address", order[i], order[j]));
  }
  return {};
}

Result<void> check_placement(const Program& program) {
  const auto placed = std::ranges::count(program.buffers, true, &Buffer::placed);
  if (placed == 0) return {};
  if (static_cast<size_t>(placed) != program.buffers.size()) return broken("some buffers have no address");
  for (size_t i = 0; i < program.buffers.size(); ++i) {
    const Buffer& buffer = program.buffers[i];
    const bool fits = buffer.address <= kAddressSpace &&
                      memory_bytes(buffer) + buffer.slack <= kAddressSpace - buffer.address;
    if (!fits) return broken(fmt::format("b{} does not lie below 2^32", i));
    if (buffer.address % kAlignment != 0) return broken(fmt::format("b{} is not aligned", i));
  }
  return check_overlaps(program);
}

}  // namespace

Result<void> verify(const Program& program) {
  for (size_t i = 0; i < program.buffers.size(); ++i) {
    const Buffer& buffer = program.buffers[i];
    if (buffer.bytes > kAddressSpace) return broken(fmt::format("b{} is too large", i), buffer.name);
    if (buffer.needs && greatest(*buffer.needs) > buffer.bytes)
      return broken(fmt::format("b{} has no room for {} bytes", i, expr::print(*buffer.needs)), buffer.name);
    if (buffer.window != 0 && buffer.kind != BufferKind::weights)
      return broken(fmt::format("b{} has a window, but is no weight", i), buffer.name);
  }
  WEFT_TRY(check_entries(program));
  return check_placement(program);
}

}  // namespace weft::plan
