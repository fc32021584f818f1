#include <algorithm>

#include "base/check.hpp"
#include "graph/custom.hpp"
#include "plan/lifetimes.hpp"

namespace weft::plan {
namespace {

/// What arena buffers hold before they are written: a NaN in every float type, no sensible integer.
constexpr uint8_t kPoison = 0xff;

class Evaluator {
 public:
  Evaluator(const Program& program, Contents& contents, const SymbolValues& symbols, graph::Strings* strings)
      : program_(program), contents_(contents), symbols_(symbols), strings_(strings) {
    const std::vector<bool> loaded = loaded_by_statements(program);
    for (BufferId id = 0; id < contents.size(); ++id) {
      if (!loaded[id]) continue;
      file_.emplace(id, contents[id]);
    }
  }

  void run(const Entry& entry) {
    const Machine machine{[this](const expr::Expr& e) { return expr::evaluate(e, symbols_); },
                          [this](BufferId id) { return bytes(id).at(0) != 0; },
                          [this](const std::string& symbol, int64_t value) { symbols_[symbol] = value; },
                          [this](const Statement& statement) {
                            std::visit([this](const auto& s) { step(s); }, statement);
                            return !failed_;
                          }};
    execute(entry.statements, machine);
  }

  const std::optional<Check>& failed() const { return failed_; }

 private:
  std::vector<uint8_t>& bytes(BufferId id) { return contents_[id]; }

  size_t value(const expr::Expr& e) const { return static_cast<size_t>(expr::evaluate(e, symbols_)); }

  void step(const Fill& fill) {
    const size_t count = fill.bytes ? value(*fill.bytes) : bytes(fill.buffer).size();
    WEFT_CHECK(count <= bytes(fill.buffer).size());
    std::fill_n(bytes(fill.buffer).begin(), count, fill.value);
  }

  void step(const Copy& copy) {
    WEFT_CHECK(copy.destination != copy.source);
    const size_t count = value(copy.bytes);
    WEFT_CHECK(count <= bytes(copy.destination).size() && count <= bytes(copy.source).size());
    std::copy_n(bytes(copy.source).begin(), count, bytes(copy.destination).begin());
  }

  /// What is not in the window is poisoned.
  void step(const Load& load) {
    const std::vector<uint8_t>& whole = file_.at(load.buffer);
    WEFT_CHECK(load.begin + load.bytes <= whole.size());
    std::ranges::fill(bytes(load.buffer), kPoison);
    const auto begin = whole.begin() + static_cast<ptrdiff_t>(load.begin);
    std::copy_n(begin, static_cast<size_t>(load.bytes),
                bytes(load.buffer).begin() + static_cast<ptrdiff_t>(load.begin));
  }

  void step(const Define& define) {
    const std::vector<uint8_t>& held = bytes(define.buffer);
    WEFT_CHECK(held.size() >= 4);
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value |= static_cast<uint32_t>(held[i]) << (8 * i);
    symbols_[define.symbol] = static_cast<int32_t>(value);
  }

  void step(const Check& check) {
    const std::vector<uint8_t>& held = bytes(check.buffer);
    WEFT_CHECK(held.size() >= 8);
    uint64_t bits = 0;
    for (size_t i = 0; i < 8; ++i) bits |= static_cast<uint64_t>(held[i]) << (8 * i);
    const auto value = static_cast<int64_t>(bits);
    if (value < expr::evaluate(check.min, symbols_) || value > expr::evaluate(check.max, symbols_))
      failed_ = check;
  }
  // What `execute` does itself.
  void step(const Loop&) {}
  void step(const If&) {}
  void step(const End&) {}

  graph::Tensor tensor(const Operand& operand) {
    graph::Tensor out{operand.dtype, {}, {}};
    for (const expr::Expr& extent : operand.shape) out.shape.push_back(expr::evaluate(extent, symbols_));
    const auto begin = bytes(operand.buffer).begin() + static_cast<ptrdiff_t>(value(operand.offset));
    out.bytes.assign(begin, begin + static_cast<ptrdiff_t>(value(operand.bytes())));
    return out;
  }

  void step(const Custom& custom) {
    WEFT_CHECK(strings_ != nullptr, custom.name);
    std::vector<graph::Tensor> inputs;
    for (const Operand& input : custom.inputs) inputs.push_back(tensor(input));
    std::vector<const graph::Tensor*> pointers;
    for (const graph::Tensor& input : inputs) pointers.push_back(&input);
    graph::Tensor output = tensor(custom.output);
    const graph::CustomAttributes what{custom.name, custom.arguments, custom.output.dtype,
                                       custom.output.shape};
    const Result<void> done = graph::evaluate_custom(what, pointers, output, *strings_);
    WEFT_CHECK(done.has_value(), done.error().message);
    const auto begin = static_cast<ptrdiff_t>(value(custom.output.offset));
    std::ranges::copy(output.bytes, bytes(custom.output.buffer).begin() + begin);
  }

  /// Each parameter gets a copy of its slice; what the kernel may write goes back.
  void step(const Call& call) {
    const loops::Kernel& kernel = program_.kernels[call.kernel];
    std::vector<loops::Memory> memories(kernel.buffers.size());
    each_argument(call, [&](size_t parameter, std::vector<uint8_t>& all, size_t offset) {
      const loops::Buffer& buffer = kernel.buffers[parameter];
      const size_t size = std::max<int64_t>(value(buffer.elements), 0) * byte_size(buffer.dtype);
      WEFT_CHECK(offset + size <= all.size(), buffer.name);
      const auto begin = all.begin() + static_cast<ptrdiff_t>(offset);
      memories[parameter].bytes.assign(begin, begin + static_cast<ptrdiff_t>(size));
    });
    const uint64_t first = call.first.value_or(0);
    loops::evaluate(kernel, memories, symbols_, static_cast<int64_t>(first),
                    static_cast<int64_t>(first + value(call.blocks)));
    each_argument(call, [&](size_t parameter, std::vector<uint8_t>& all, size_t offset) {
      if (kernel.buffers[parameter].space == loops::BufferSpace::read) return;
      std::ranges::copy(memories[parameter].bytes, all.begin() + static_cast<ptrdiff_t>(offset));
    });
  }

  template <class Visit>
  void each_argument(const Call& call, Visit visit) {
    const loops::Kernel& kernel = program_.kernels[call.kernel];
    size_t argument = 0;
    for (size_t parameter = 0; parameter < kernel.buffers.size(); ++parameter) {
      if (!loops::is_parameter(kernel.buffers[parameter].space)) continue;
      WEFT_CHECK(argument < call.buffers.size(), kernel.name);
      const size_t offset = call.offsets.empty() ? 0 : value(call.offsets[argument]);
      visit(parameter, bytes(call.buffers[argument++]), offset);
    }
  }

  const Program& program_;
  Contents& contents_;
  SymbolValues symbols_;
  std::optional<Check> failed_;
  graph::Strings* strings_;
  std::map<BufferId, std::vector<uint8_t>> file_;  ///< weights that statements load
};

}  // namespace

bool is_defined(const Program& program, std::string_view symbol) {
  for (const Entry& entry : program.entries)
    for (const Statement& statement : entry.statements) {
      const auto* define = std::get_if<Define>(&statement);
      const auto* loop = std::get_if<Loop>(&statement);
      if ((define && define->symbol == symbol) || (loop && loop->index == symbol)) return true;
    }
  return false;
}

bool has_checks(const Program& program) {
  const auto is_check = [](const Statement& s) { return std::holds_alternative<Check>(s); };
  return std::ranges::any_of(
      program.entries, [&](const Entry& entry) { return std::ranges::any_of(entry.statements, is_check); });
}

uint64_t greatest(const expr::Expr& e) {
  const auto most = expr::bounds(e).max;
  WEFT_CHECK(most.has_value(), expr::print(e));
  return static_cast<uint64_t>(std::max<int64_t>(0, *most));
}

expr::Expr Operand::bytes() const {
  expr::Expr count = static_cast<int64_t>(byte_size(dtype));
  for (const expr::Expr& extent : shape) count = count * extent;
  return count;
}

std::optional<Check> evaluate(const Program& program, std::string_view entry, Contents& contents,
                              const SymbolValues& symbols, graph::Strings* strings) {
  const auto found = std::ranges::find(program.entries, entry, &Entry::name);
  WEFT_CHECK(found != program.entries.end(), entry);
  contents.resize(program.buffers.size());
  for (size_t i = 0; i < contents.size(); ++i) {
    contents[i].resize(static_cast<size_t>(program.buffers[i].bytes), kPoison);
    if (program.buffers[i].kind == BufferKind::arena) std::ranges::fill(contents[i], kPoison);
  }
  Evaluator evaluator(program, contents, symbols, strings);
  evaluator.run(*found);
  return evaluator.failed();
}

}  // namespace weft::plan
