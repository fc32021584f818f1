// Kernels of the text form: declarations and statements.
#include "loops/parse_value.hpp"
#include "loops/text.hpp"

namespace weft::loops {
namespace {

constexpr int64_t kMaxSlack = int64_t{1} << 32;

class KernelParser {
 public:
  explicit KernelParser(std::string_view text) : scanner_(text) {}

  Result<Kernel> run() {
    scanner_.expect_word("kernel");
    kernel_.name = scanner_.string();
    scanner_.expect("{");
    while (scanner_.take_word("symbol")) symbol();
    while (scanner_.take_word("buffer")) buffer();
    kernel_.body = statements(0);
    if (!scanner_.failed() && !scanner_.at_end()) scanner_.fail("text after the kernel");
    if (scanner_.failed()) return std::unexpected(scanner_.error());
    return std::move(kernel_);
  }

 private:
  std::optional<int64_t> limit(std::string_view infinity) {
    if (scanner_.take(infinity)) return std::nullopt;
    return scanner_.integer(INT64_MIN, INT64_MAX);
  }

  expr::Variable variable() {
    expr::Variable v;
    v.name = scanner_.name();
    scanner_.expect_word("in");
    scanner_.expect("[");
    v.range.min = limit("-inf");
    scanner_.expect(",");
    v.range.max = limit("inf");
    scanner_.expect("]");
    if (scanner_.take_word("step")) v.multiple_of = scanner_.integer(1, INT32_MAX);
    if (v.range.min && v.range.max && *v.range.min > *v.range.max) scanner_.fail("an empty range");
    return v;
  }

  void symbol() {
    const expr::Variable v = variable();
    kernel_.symbols[v.name] = v;
    scope_[v.name] = v;
  }

  void buffer() {
    Buffer b;
    b.name = scanner_.name();
    scanner_.expect(":");
    const auto dtype = parse_dtype(scanner_.word());
    if (!dtype) scanner_.fail("expected an element type");
    b.dtype = dtype.value_or(DType::f32);
    scanner_.expect("[");
    b.elements = scanner_.expression(scope_);
    scanner_.expect("]");
    b.space = space();
    if (scanner_.take_word("slack")) b.slack = scanner_.integer(0, kMaxSlack);
    if (!names_.emplace(b.name, static_cast<uint32_t>(kernel_.buffers.size())).second)
      scanner_.fail("two buffers of one name");
    kernel_.buffers.push_back(std::move(b));
  }

  BufferSpace space() {
    const std::string_view word = scanner_.word();
    for (size_t i = 0; i < std::size(kSpaceNames); ++i)
      if (word == kSpaceNames[i]) return static_cast<BufferSpace>(i);
    scanner_.fail("expected read, write, read_write, registers, scratch or workgroup");
    return BufferSpace::read;
  }

  // Up to and with the closing brace; what the block binds ends with it.
  Block statements(int depth) {
    if (depth > kMaxDepth) scanner_.fail("blocks are nested too deeply");
    const Scope outer = scope_;
    Block out;
    while (!scanner_.failed() && !scanner_.take("}")) statement(depth, out);
    scope_ = outer;
    return out;
  }

  void statement(int depth, Block& out) {
    if (scanner_.at_end()) return scanner_.fail("a block without an end");
    if (scanner_.take_word("for")) return for_loop(depth, out);
    if (scanner_.take_word("let")) return let(out);
    if (scanner_.take_word("index")) return let_index(out);
    if (scanner_.take_word("if")) return conditional(depth, out);
    store(out);
  }

  Value value() { return scanner_.failed() ? Value() : parse_value(scanner_, scope_, names_); }

  ForKind take_kind(std::string_view& text) {
    while (text.ends_with(' ')) text.remove_suffix(1);
    for (size_t i = 0; i < std::size(kForNames); ++i) {
      const std::string_view word = kForNames[i];
      if (text.size() <= word.size() || !text.ends_with(word) || text[text.size() - word.size() - 1] != ' ')
        continue;
      text.remove_suffix(word.size());
      return static_cast<ForKind>(i);
    }
    return ForKind::serial;
  }

  void for_loop(int depth, Block& out) {
    std::string name = scanner_.name();
    scanner_.expect_word("in");
    scanner_.expect("0..");
    std::string_view text = scanner_.expression_text();
    const ForKind kind = take_kind(text);
    Expr extent = scanner_.parse_expression(text, scope_);
    scanner_.expect("{");
    if (name.empty()) scanner_.fail("a loop without a variable");
    if (scanner_.failed()) return;
    const auto shadowed = scope_.find(name);
    if (shadowed != scope_.end()) return scanner_.fail("`" + name + "` is bound twice");
    scope_[name] = loop_facts(name, extent);
    Block body = statements(depth + 1);
    scope_.erase(name);
    if (!scanner_.failed())
      out.push_back(make_for(std::move(name), std::move(extent), kind, std::move(body)));
  }

  void let(Block& out) {
    std::string name = scanner_.name();
    scanner_.expect("=");
    Value v = value();
    if (name.empty()) scanner_.fail("a let without a name");
    if (!scanner_.failed()) out.push_back(make_let(std::move(name), std::move(v)));
  }

  void let_index(Block& out) {
    expr::Variable bound = variable();
    scanner_.expect("=");
    Value v = value();
    if (scanner_.failed()) return;
    if (v->type != Type{DType::i32, 1}) return scanner_.fail("an index is bound to a scalar i32");
    if (!scope_.emplace(bound.name, bound).second)
      return scanner_.fail("`" + bound.name + "` is bound twice");
    out.push_back(make_let_index(std::move(bound), std::move(v)));
  }

  void conditional(int depth, Block& out) {
    Expr condition = scanner_.expression(scope_);
    scanner_.expect("{");
    Block then_block = statements(depth + 1);
    Block else_block;
    if (scanner_.take_word("else")) {
      scanner_.expect("{");
      else_block = statements(depth + 1);
    }
    if (!scanner_.failed())
      out.push_back(make_if(std::move(condition), std::move(then_block), std::move(else_block)));
  }

  void store(Block& out) {
    const auto found = names_.find(scanner_.name());
    if (found == names_.end()) return scanner_.fail("expected a statement or the name of a buffer");
    scanner_.expect("[");
    Expr index = scanner_.expression(scope_);
    scanner_.expect("]");
    scanner_.expect("=");
    Value v = value();
    if (!scanner_.failed()) out.push_back(make_store(found->second, std::move(index), std::move(v)));
  }

  Scanner scanner_;
  Kernel kernel_;
  Scope scope_;
  std::map<std::string, uint32_t, std::less<>> names_;
};

}  // namespace

Result<Kernel> parse(std::string_view text) { return KernelParser(text).run(); }

}  // namespace weft::loops
