#include "plan/tables.hpp"

#include <algorithm>
#include <bit>
#include <set>

#include "base/bytes.hpp"
#include "base/check.hpp"

namespace weft::plan {
namespace {

enum class Opcode : uint32_t {
  end = 0,
  call = 1,
  fill = 2,
  copy = 3,
  load = 4,
  jump = 5,
  next = 6,
  custom = 7
};

/// The addresses of the value and of the context, the ends of the range.
constexpr uint64_t kCheckParams = 4;

/// What a kernel gets: each argument's buffer and the offset from its address, then the symbols' values.
/// Calls with equal ones share their params.
struct Arguments {
  std::vector<std::pair<BufferId, expr::Expr>> buffers;
  std::vector<std::string> symbols;

  size_t words() const { return buffers.size() + symbols.size(); }
  friend bool operator<(const Arguments& a, const Arguments& b) {
    const auto order = [](const auto& x, const auto& y) {
      return x.first != y.first ? x.first <=> y.first : expr::compare(x.second, y.second) <=> 0;
    };
    const auto compared = std::lexicographical_compare_three_way(a.buffers.begin(), a.buffers.end(),
                                                                 b.buffers.begin(), b.buffers.end(), order);
    return compared != 0 ? compared < 0 : a.symbols < b.symbols;
  }
};

/// The first byte of each weight in its window, statement by statement.
class Windows {
 public:
  void pass(const Statement& statement) {
    if (const auto* load = std::get_if<Load>(&statement)) begin_[load->buffer] = load->begin;
  }

  Arguments arguments(const Call& call, const loops::Kernel& kernel) const {
    Arguments out;
    for (size_t i = 0; i < call.buffers.size(); ++i) {
      const auto begin = begin_.find(call.buffers[i]);
      const expr::Expr offset = call.offsets.empty() ? expr::Expr(0) : call.offsets[i];
      const auto loaded = static_cast<int64_t>(begin == begin_.end() ? 0 : begin->second);
      out.buffers.emplace_back(call.buffers[i], offset - loaded);
    }
    for (const auto& [name, symbol] : kernel.symbols) out.symbols.push_back(name);
    return out;
  }

 private:
  std::map<BufferId, uint64_t> begin_;
};

uint32_t word(uint64_t value) {
  WEFT_CHECK(value <= UINT32_MAX);
  return static_cast<uint32_t>(value);
}

/// Where everything lies. Params follow the records, in order of first use.
struct Layout {
  std::vector<uint64_t> entry_records;
  std::vector<std::vector<uint64_t>> records;  ///< by entry, of each statement the first, and of its end
  std::map<Arguments, uint64_t> params;
  std::vector<Arguments> order;
  uint64_t checks = 0;            ///< params of checks, kCheckParams words each, in order
  std::vector<uint64_t> customs;  ///< params of custom statements, in their order
  uint64_t resize = 0, symbols = 0, answers = 0, places = 0;
  uint64_t base = 0;
  uint64_t end = 0;
};

/// Inputs, then outputs.
std::vector<BufferId> boundary(const Program& program) {
  std::vector<BufferId> out;
  for (const BufferKind kind : {BufferKind::input, BufferKind::output})
    for (BufferId id = 0; id < program.buffers.size(); ++id)
      if (program.buffers[id].kind == kind) out.push_back(id);
  return out;
}

Layout make_layout(const Program& program, Base base) {
  Layout layout;
  uint64_t at = kRecordsAddress;
  for (const Entry& entry : program.entries) {
    layout.entry_records.push_back(at);
    std::vector<uint64_t>& records = layout.records.emplace_back();
    const auto matched = matching(entry.statements);
    WEFT_CHECK(matched.has_value(), "loops and ifs that do not nest");
    for (size_t i = 0; i < entry.statements.size(); ++i) {
      records.push_back(at);
      const bool ends_if = std::holds_alternative<If>(entry.statements[(*matched)[i]]);
      if (!ends_if || (*matched)[i] >= i) at += kRecordSize * record_count(entry.statements[i]);
    }
    records.push_back(at);
    at += kRecordSize;
  }
  Windows windows;
  for (const Entry& entry : program.entries) {
    for (const Statement& statement : entry.statements) {
      windows.pass(statement);
      const auto* call = std::get_if<Call>(&statement);
      if (!call) continue;
      Arguments key = windows.arguments(*call, program.kernels[call->kernel]);
      if (!layout.params.emplace(key, at).second) continue;
      at += 4 * key.words();
      layout.order.push_back(std::move(key));
    }
  }
  layout.checks = at;
  for (const Entry& entry : program.entries)
    for (const Statement& statement : entry.statements)
      if (std::holds_alternative<Check>(statement)) at += 4 * kCheckParams;
  for (const Entry& entry : program.entries)
    for (const Statement& statement : entry.statements)
      if (const auto* custom = std::get_if<Custom>(&statement)) {
        layout.customs.push_back(at);
        for (const Operand& input : custom->inputs) at += 4 * (1 + input.shape.size());
        at += 4 * (1 + custom->output.shape.size());
      }
  if (!program.symbols.empty()) {
    layout.resize = at;
    layout.symbols = at + 2 * kRecordSize + 4;  // behind the address of the tables
    layout.answers = layout.symbols + 4 * program.symbols.size();
    layout.places = layout.answers + 4 * program.answers.size();
    at = layout.places + 4 * (1 + boundary(program).size());
    if (base == Base::chosen) layout.base = at;
    if (base == Base::chosen) at += 4;
  }
  layout.end = std::max<uint64_t>((at + kAlignment - 1) / kAlignment * kAlignment, kLowestBuffer);
  return layout;
}

class Writer {
 public:
  Writer(const Program& program, const Layout& layout, const Moves& moves,
         const std::map<BufferId, uint64_t>& file, Nodes& nodes)
      : program_(program), layout_(layout), file_(file), nodes_(nodes), moving_(program.buffers.size()) {
    for (const Move& move : moves.moves) moving_[move.buffer] = true;
  }

  void entry(const Entry& entry, const std::vector<uint64_t>& records) {
    const std::vector<uint32_t> node = node_of_statements(entry, nodes_);
    const std::vector<size_t> matched = *matching(entry.statements);
    for (size_t i = 0; i < entry.statements.size(); ++i) {
      WEFT_CHECK(at() == records[i], "records where the layout has them");
      const Statement& statement = entry.statements[i];
      windows_.pass(statement);
      if (const auto* loop = std::get_if<Loop>(&statement)) {
        begin(*loop, word(records[matched[i]]), node[i]);
      } else if (const auto* branch = std::get_if<If>(&statement)) {
        record({static_cast<uint32_t>(Opcode::jump), address(branch->condition, at() + 4), 0,
                located(word(records[matched[i]]), at() + 12), 0, 0, node[i]});
      } else if (!std::holds_alternative<End>(statement)) {
        std::visit([&](const auto& s) { write(s, node[i]); }, statement);
      } else if (const auto* ended = std::get_if<Loop>(&entry.statements[matched[i]])) {
        next(*ended, word(records[matched[i]] + 2 * kRecordSize), node[i]);
      }
    }
    record({static_cast<uint32_t>(Opcode::end)});
  }

  void params() {
    for (const Arguments& list : layout_.order) {
      for (const auto& [buffer, offset] : list.buffers) out_.u32(address(buffer, at(), offset));
      for (const std::string& name : list.symbols) {
        const expr::Variable& symbol = program_.symbols.find(name)->second;
        out_.u32(value(expr::variable(name, symbol.range, symbol.multiple_of), at()));
      }
    }
  }

  void check_params() {
    for (const Entry& entry : program_.entries) {
      for (const Statement& statement : entry.statements) {
        const auto* check = std::get_if<Check>(&statement);
        if (!check) continue;
        out_.u32(address(check->buffer, at()));
        out_.u32(located(kContextAddress, at()));
        out_.u32(end(check->max));
        out_.u32(end(check->min));
      }
    }
  }

  /// Of custom statements: each operand's address and extents.
  void custom_params() {
    for (const Custom* custom : customs_) {
      for (const Operand& input : custom->inputs) operand(input);
      operand(custom->output);
    }
  }

  /// The call that fills in what depends on symbols, their values, and what the caller reads.
  void resize() {
    if (program_.symbols.empty()) return;
    call_table_kernel(resize_kernel_id(program_), 0);
    record({static_cast<uint32_t>(Opcode::end)});
    out_.u32(located(word(kRecordsAddress), at()));
    for (size_t i = 0; i < program_.symbols.size(); ++i) out_.u32(0);
    for (const expr::Expr& answer : program_.answers) out_.u32(value(answer, at()));
    out_.u32(0);  // the bytes of memory
    for (const BufferId id : boundary(program_)) out_.u32(address(id, at()));
    if (layout_.base != 0) out_.u32(located(0, at()));
  }

  std::map<uint32_t, Word> take_words() { return std::move(words_); }
  std::vector<uint32_t> take_addresses() { return std::move(addresses_); }
  std::vector<std::pair<uint32_t, KernelId>> take_calls() { return std::move(calls_); }

  std::vector<uint8_t> take() { return out_.take(); }

 private:
  static std::vector<uint32_t> node_of_statements(const Entry& entry, Nodes& nodes) {
    std::vector<uint32_t> out(entry.statements.size(), 0);
    size_t pending = 0;  // statements before it have their node
    for (size_t i = 0; i < out.size(); ++i) {
      const auto* call = std::get_if<Call>(&entry.statements[i]);
      const auto* check = std::get_if<Check>(&entry.statements[i]);
      const auto* custom = std::get_if<Custom>(&entry.statements[i]);
      if (!call && !check && !custom) continue;
      const uint32_t node = nodes.add(call ? call->source : check ? check->source : custom->source);
      while (pending <= i) out[pending++] = node;
    }
    while (pending > 0 && pending < out.size()) {
      out[pending] = out[pending - 1];
      ++pending;
    }
    return out;
  }

  /// Where the next word lies.
  uint32_t at() const { return word(kRecordsAddress + out_.size()); }

  /// The kernels come behind the program's, their params behind the records of `resize`.
  void call_table_kernel(KernelId kernel, uint32_t node) {
    const uint32_t params = located(word(layout_.resize + 2 * kRecordSize), at() + 8);
    record({static_cast<uint32_t>(Opcode::call), kernel, params, 1, 1, 0, node});
  }

  uint32_t cell(std::string_view symbol) const {
    const auto place = std::distance(program_.symbols.begin(), program_.symbols.find(symbol));
    return word(layout_.symbols + 4 * static_cast<uint64_t>(place));
  }

  /// The index is one less than 0, and the record at the loop's end comes first; then what depends on it.
  void begin(const Loop& loop, uint32_t end, uint32_t node) {
    record(
        {static_cast<uint32_t>(Opcode::fill), located(cell(loop.index), at() + 4), 4, UINT8_MAX, 0, 0, node});
    record({static_cast<uint32_t>(Opcode::jump), 0, 0, located(end, at() + 12), 0, 0, node});
    call_table_kernel(next_kernel_id(program_, loops_++), node);
  }

  void next(const Loop& loop, uint32_t body, uint32_t node) {
    const uint32_t trips = value(loop.trips, at() + 8);
    const uint32_t condition = loop.condition ? address(*loop.condition, at() + 16) : 0;
    record({static_cast<uint32_t>(Opcode::next), located(cell(loop.index), at() + 4), trips,
            located(body, at() + 12), condition, 0, node});
  }

  /// What the module starts with: 0 where the value depends on symbols.
  uint32_t value(const expr::Expr& e, uint32_t address) {
    if (const auto constant = e.as_constant()) return word(static_cast<uint64_t>(*constant));
    words_.emplace(address, Word{e});
    return 0;
  }

  /// Of a range: an i32.
  uint32_t end(const expr::Expr& e) {
    const auto constant = e.as_constant();
    return constant ? static_cast<uint32_t>(*constant) : value(e, at());
  }

  /// An address of the module's own tables, as the word at `at`.
  uint32_t located(uint32_t address, uint32_t at) {
    addresses_.push_back(at);
    return address;
  }

  void record(std::vector<uint32_t> words) {
    if (words[0] == static_cast<uint32_t>(Opcode::call)) calls_.emplace_back(at() + 4, words[1]);
    words.resize(kRecordSize / 4, 0);
    for (const uint32_t value : words) out_.u32(value);
  }

  /// The buffer's address, as the word at `at`.
  uint32_t address(BufferId buffer, uint32_t at, const expr::Expr& offset = 0) {
    WEFT_CHECK(program_.buffers[buffer].placed, program_.buffers[buffer].name);
    const expr::Expr from = moving_[buffer] ? 0 : static_cast<int64_t>(program_.buffers[buffer].address);
    const expr::Expr whole = from + offset;
    const auto constant = whole.as_constant();
    if (constant && !moving_[buffer]) return located(word(static_cast<uint64_t>(*constant)), at);
    Word& word = words_.emplace(at, Word{whole}).first->second;
    word.is_address = true;
    if (moving_[buffer]) word.place = buffer;
    return 0;
  }

  void write(const Call& call, uint32_t node) {
    const Arguments arguments = windows_.arguments(call, program_.kernels[call.kernel]);
    const uint64_t params = layout_.params.find(arguments)->second;
    record({static_cast<uint32_t>(Opcode::call), call.kernel, located(word(params), at() + 8),
            value(call.blocks, at() + 12), word(call.grain), word(call.first.value_or(0)), node});
  }
  void write(const Fill& fill, uint32_t node) {
    const expr::Expr all = room_of(program_, program_.buffers[fill.buffer]);
    const uint32_t bytes = value(fill.bytes.value_or(all), at() + 8);
    record(
        {static_cast<uint32_t>(Opcode::fill), address(fill.buffer, at() + 4), bytes, fill.value, 0, 0, node});
  }
  void write(const Copy& copy, uint32_t node) {
    record({static_cast<uint32_t>(Opcode::copy), address(copy.destination, at() + 4),
            address(copy.source, at() + 8), value(copy.bytes, at() + 12), 0, 0, node});
  }
  void write(const Load& load, uint32_t node) {
    const auto range = file_.find(load.buffer);
    WEFT_CHECK(range != file_.end(), program_.buffers[load.buffer].name);
    const uint64_t offset = range->second + load.begin;
    record({static_cast<uint32_t>(Opcode::load), address(load.buffer, at() + 4), word(load.bytes),
            static_cast<uint32_t>(offset), static_cast<uint32_t>(offset >> 32), 0, node});
  }

  void write(const Custom& custom, uint32_t node) {
    const auto info = [](const Operand& o) {
      return CustomInfo::Operand{o.dtype, static_cast<uint32_t>(o.shape.size())};
    };
    CustomInfo what{custom.name, custom.arguments, {}, info(custom.output)};
    for (const Operand& input : custom.inputs) what.inputs.push_back(info(input));
    const uint64_t params = layout_.customs[customs_.size()];
    customs_.push_back(&custom);
    record({static_cast<uint32_t>(Opcode::custom), nodes_.add(what), located(word(params), at() + 8), 0, 0, 0,
            node});
  }
  void operand(const Operand& operand) {
    out_.u32(address(operand.buffer, at(), operand.offset));
    for (const expr::Expr& extent : operand.shape) out_.u32(value(extent, at()));
  }

  void write(const Define& define, uint32_t node) {
    const uint32_t to = located(cell(define.symbol), at() + 4);
    record({static_cast<uint32_t>(Opcode::copy), to, address(define.buffer, at() + 8), 4, 0, 0, node});
    call_table_kernel(resize_kernel_id(program_), node);
  }
  // `entry` writes these.
  void write(const Loop&, uint32_t) {}
  void write(const If&, uint32_t) {}
  void write(const End&, uint32_t) {}

  /// The last word of the record is the tensor's name.
  void write(const Check& check, uint32_t node) {
    const uint32_t params = located(word(layout_.checks + 4 * kCheckParams * checks_++), at() + 8);
    record({static_cast<uint32_t>(Opcode::call), check_kernel_id(program_), params, 1, 1, 0, node,
            nodes_.add(check.what)});
  }

  const Program& program_;
  const Layout& layout_;
  uint64_t checks_ = 0;  ///< written so far
  const std::map<BufferId, uint64_t>& file_;
  Nodes& nodes_;
  Windows windows_;
  std::vector<bool> moving_;
  std::vector<const Custom*> customs_;
  std::map<uint32_t, Word> words_;
  std::vector<uint32_t> addresses_;
  std::vector<std::pair<uint32_t, KernelId>> calls_;
  uint32_t loops_ = 0;  ///< so far
  ByteWriter out_;
};

}  // namespace

uint32_t Nodes::add(const std::string& name) {
  const auto [found, added] = index_.emplace(name, static_cast<uint32_t>(names_.size()));
  if (added) names_.push_back(name);
  return found->second;
}

uint32_t Nodes::add(const CustomInfo& custom) {
  const auto found = std::ranges::find(customs_, custom) - customs_.begin();
  if (static_cast<size_t>(found) == customs_.size()) customs_.push_back(custom);
  return static_cast<uint32_t>(found);
}

uint64_t static_size(const Program& program, Base base) { return make_layout(program, base).end; }

StaticData make_static_data(const Program& program, Nodes& nodes, const std::map<BufferId, uint64_t>& file,
                            Base base) {
  const Layout layout = make_layout(program, base);
  StaticData out;
  if (base == Base::zero) out.moves = moves_of(program);
  Writer writer(program, layout, out.moves, file, nodes);
  for (size_t i = 0; i < program.entries.size(); ++i) writer.entry(program.entries[i], layout.records[i]);
  writer.params();
  writer.check_params();
  writer.custom_params();
  writer.resize();
  out.segments.emplace_back(word(kRecordsAddress), writer.take());
  for (const uint64_t records : layout.entry_records) out.entry_records.push_back(word(records));
  out.end = word(layout.end);
  out.words = writer.take_words();
  out.addresses = writer.take_addresses();
  out.base = word(layout.base);
  out.calls = writer.take_calls();
  out.resize = word(layout.resize);
  out.symbols = word(layout.symbols);
  out.answers = word(layout.answers);
  if (!out.moves.growing.empty()) out.places = word(layout.places);
  return out;
}

size_t record_count(const Statement& statement) {
  if (std::holds_alternative<Define>(statement)) return 2;  // the value, and what depends on it
  return std::holds_alternative<Loop>(statement) ? 3 : 1;
}

}  // namespace weft::plan
