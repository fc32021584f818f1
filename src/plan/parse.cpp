// The text form. Kernels are cut out first and left to the Loop IR's parser.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "loops/scanner.hpp"
#include "plan/program.hpp"
#include "plan/text.hpp"

namespace weft::plan {
namespace {

/// Past the kernel's closing brace; npos: it has none. Braces within strings do not count.
size_t kernel_end(std::string_view text, size_t at) {
  int depth = 0;
  for (bool in_string = false; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string && c == '\\') ++at;
    if (c == '"') in_string = !in_string;
    if (in_string) continue;
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) return at + 1;
  }
  return std::string_view::npos;
}

struct Split {
  std::string rest;  ///< `kernel` alone stands where each kernel was; lines keep their numbers
  std::vector<std::string_view> kernels;
};

/// A kernel begins at a line whose first word is `kernel`.
Split split(std::string_view text) {
  Split out;
  for (size_t at = 0; at < text.size();) {
    const size_t line_end = std::min(text.find('\n', at), text.size());
    const size_t word = std::min(text.find_first_not_of(" \t", at), line_end);
    const size_t end =
        text.substr(word).starts_with("kernel \"") ? kernel_end(text, word) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out.rest += text.substr(at, line_end - at);
      if (line_end < text.size()) out.rest += '\n';
      at = line_end + 1;
      continue;
    }
    const std::string_view kernel = text.substr(word, end - word);
    out.kernels.push_back(kernel);
    out.rest += "kernel";
    for (const char c : kernel)
      if (c == '\n') out.rest += '\n';
    at = end;
  }
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : split_(split(text)), scanner_(split_.rest) {}

  Result<Program> run() {
    scanner_.expect_word("program");
    scanner_.expect("{");
    while (scanner_.take_word("symbol")) symbol();
    while (scanner_.take_word("buffer")) buffer();
    while (scanner_.take_word("kernel")) kernel();
    while (!scanner_.failed() && !scanner_.take("}")) entry();
    if (!scanner_.failed() && !scanner_.at_end()) scanner_.fail("text after the program");
    if (scanner_.failed()) return std::unexpected(scanner_.error());
    return std::move(program_);
  }

 private:
  uint64_t number(uint64_t high) {
    return static_cast<uint64_t>(
        scanner_.integer(0, static_cast<int64_t>(std::min<uint64_t>(high, INT64_MAX))));
  }

  /// "b12" -> 12
  uint32_t id(char prefix) {
    const std::string_view word = scanner_.word();
    uint32_t value = 0;
    const char* end = word.data() + word.size();
    const bool named = word.size() > 1 && word[0] == prefix;
    const auto [stop, error] = std::from_chars(word.data() + (named ? 1 : 0), end, value);
    if (!named || error != std::errc() || stop != end)
      scanner_.fail(fmt::format("expected `{}` and a number", prefix));
    return value;
  }

  BufferKind kind() {
    const std::string_view word = scanner_.word();
    for (size_t i = 0; i < kKindNames.size(); ++i)
      if (word == kKindNames[i]) return static_cast<BufferKind>(i);
    scanner_.fail("expected input, output, weights, prepared or arena");
    return BufferKind::arena;
  }

  void symbol() {
    expr::Variable v;
    v.name = std::string(scanner_.word());
    scanner_.expect_word("in");
    scanner_.expect("[");
    v.range.min = scanner_.integer(0, INT64_MAX);
    scanner_.expect(",");
    v.range.max = scanner_.integer(0, INT64_MAX);
    scanner_.expect("]");
    if (scanner_.take_word("step")) v.multiple_of = scanner_.integer(1, INT32_MAX);
    program_.symbols[v.name] = v;
  }

  expr::Expr expression(std::string_view until = {}) { return scanner_.expression(program_.symbols, until); }

  void buffer() {
    const uint32_t number_of = id('b');
    if (!scanner_.failed() && number_of != program_.buffers.size())
      scanner_.fail("buffers are numbered from 0");
    Buffer buffer;
    buffer.kind = kind();
    buffer.name = scanner_.string();
    buffer.bytes = number(UINT64_MAX);
    if (scanner_.take_word("window")) buffer.window = number(UINT64_MAX);
    if (scanner_.take_word("slack")) buffer.slack = static_cast<uint32_t>(number(UINT32_MAX));
    if (scanner_.take("@")) {
      buffer.address = number(UINT64_MAX);
      buffer.placed = true;
    }
    if (scanner_.take_word("needs")) buffer.needs = expression();
    program_.buffers.push_back(std::move(buffer));
  }

  void kernel() {
    const size_t index = program_.kernels.size();
    if (index >= split_.kernels.size()) return scanner_.fail("expected a kernel");
    auto parsed = loops::parse(split_.kernels[index]);
    if (!parsed) return scanner_.fail(fmt::format("kernel {}: {}", index, parsed.error().message));
    program_.kernels.push_back(std::move(*parsed));
  }

  void entry() {
    if (scanner_.at_end()) return scanner_.fail("a program without an end");
    Entry entry;
    entry.name = std::string(scanner_.word());
    scanner_.expect("{");
    for (int depth = 0; !scanner_.failed();) {
      if (!scanner_.take("}")) {
        entry.statements.push_back(statement());
        const Statement& last = entry.statements.back();
        if (std::holds_alternative<Loop>(last) || std::holds_alternative<If>(last)) ++depth;
      } else if (depth-- > 0) {
        entry.statements.push_back(End{});
      } else {
        break;
      }
    }
    program_.entries.push_back(std::move(entry));
  }

  Statement statement() {
    if (scanner_.take_word("call")) return call();
    if (scanner_.take_word("fill")) return fill();
    if (scanner_.take_word("copy")) return copy();
    if (scanner_.take_word("load")) return load();
    if (scanner_.take_word("define")) return define();
    if (scanner_.take_word("check")) return check();
    if (scanner_.take_word("loop")) return loop();
    if (scanner_.take_word("if")) return branch();
    if (scanner_.take_word("custom")) return custom();
    scanner_.fail("expected call, fill, copy, load, define, check, loop, if or custom");
    return Fill{};
  }

  Call call() {
    Call call;
    call.kernel = id('k');
    scanner_.expect("(");
    bool has_offset = false;
    while (!scanner_.failed() && !scanner_.take(")")) {
      if (!call.buffers.empty()) scanner_.expect(",");
      call.buffers.push_back(id('b'));
      call.offsets.push_back(scanner_.take("+") ? expression() : expr::Expr(0));
      has_offset = has_offset || !call.offsets.back().is_constant(0);
    }
    if (!has_offset) call.offsets.clear();
    if (scanner_.take_word("first")) call.first = number(UINT64_MAX);
    scanner_.expect_word("blocks");
    call.blocks = expression("grain");
    scanner_.expect_word("grain");
    call.grain = number(UINT64_MAX);
    scanner_.expect("@");
    call.source = scanner_.string();
    return call;
  }

  Fill fill() {
    Fill fill;
    fill.buffer = id('b');
    fill.value = static_cast<uint8_t>(number(UINT8_MAX));
    if (scanner_.take_word("bytes")) fill.bytes = expression();
    return fill;
  }

  Copy copy() {
    Copy copy;
    copy.destination = id('b');
    scanner_.expect("<-");
    copy.source = id('b');
    copy.bytes = expression();
    return copy;
  }

  Load load() {
    Load load;
    load.buffer = id('b');
    load.begin = number(UINT64_MAX);
    load.bytes = number(UINT64_MAX);
    return load;
  }

  Define define() {
    Define define;
    define.symbol = std::string(scanner_.word());
    scanner_.expect("=");
    define.buffer = id('b');
    return define;
  }

  Check check() {
    Check check;
    check.buffer = id('b');
    scanner_.expect_word("in");
    scanner_.expect("[");
    check.min = expression();
    scanner_.expect(",");
    check.max = expression();
    scanner_.expect("]");
    check.what = scanner_.string();
    scanner_.expect("@");
    check.source = scanner_.string();
    return check;
  }

  Loop loop() {
    Loop loop;
    loop.index = std::string(scanner_.word());
    scanner_.expect_word("in");
    scanner_.expect("0..");
    loop.trips = expression("while");
    if (scanner_.take_word("while")) loop.condition = id('b');
    scanner_.expect("{");
    return loop;
  }

  If branch() {
    If branch{id('b')};
    scanner_.expect("{");
    return branch;
  }

  Operand operand() {
    Operand operand;
    const auto type = parse_dtype(scanner_.word());
    if (!type) scanner_.fail("expected an element type");
    operand.dtype = type.value_or(DType::i32);
    scanner_.expect("[");
    while (!scanner_.failed() && !scanner_.take("]")) {
      if (!operand.shape.empty()) scanner_.expect(",");
      operand.shape.push_back(expression());
    }
    operand.buffer = id('b');
    if (scanner_.take("+")) operand.offset = expression("@");
    return operand;
  }

  Custom custom() {
    Custom custom;
    custom.name = scanner_.string();
    scanner_.expect("[");
    while (!scanner_.failed() && !scanner_.take("]")) {
      if (!custom.arguments.empty()) scanner_.expect(",");
      custom.arguments.push_back(scanner_.string());
    }
    scanner_.expect("(");
    while (!scanner_.failed() && !scanner_.take(")")) {
      if (!custom.inputs.empty()) scanner_.expect(",");
      custom.inputs.push_back(operand());
    }
    scanner_.expect("->");
    custom.output = operand();
    scanner_.expect("@");
    custom.source = scanner_.string();
    return custom;
  }

  Split split_;
  loops::Scanner scanner_;
  Program program_;
};

}  // namespace

Result<Program> parse(std::string_view text) { return Parser(text).run(); }

}  // namespace weft::plan
