// Reads the text form. Structure is checked here as far as the text refers to itself; the rest is verify's.
#include <fmt/format.h>

#include "graph/names.hpp"
#include "graph/ops.hpp"
#include "graph/scanner.hpp"
#include "graph/text.hpp"
#include "graph/types.hpp"

namespace weft::graph {
namespace {

using Scope = std::map<std::string, expr::Variable, std::less<>>;

/// Reads one attribute's value, by the member's type.
class MemberParser {
 public:
  MemberParser(Scanner& scanner, const Scope& scope) : scanner_(scanner), scope_(scope) {}

  void read(bool& out) {
    out = scanner_.take("true");
    if (!out && !scanner_.take("false")) scanner_.fail("expected true or false");
  }
  void read(std::string& out) { out = scanner_.string(); }
  void read(int64_t& out) { out = scanner_.integer(INT64_MIN, INT64_MAX); }
  void read(double& out) {
    if (!parse_double(scanner_.word(), out)) scanner_.fail("expected a number");
  }
  void read(DType& out) {
    const auto type = parse_dtype(scanner_.word());
    if (!type) return scanner_.fail("expected an element type");
    out = *type;
  }
  void read(expr::Expr& out) { out = scanner_.expression(scope_); }
  template <class Enum>
    requires std::is_enum_v<Enum>
  void read(Enum& out) {
    const auto names = enumerators(out);
    const std::string_view word = scanner_.word();
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] != word) continue;
      out = static_cast<Enum>(i);
      return;
    }
    scanner_.fail(fmt::format("expected one of {}", fmt::join(names.begin(), names.end(), ", ")));
  }
  template <class T>
  void read(std::vector<T>& out) {
    out.clear();
    scanner_.expect("[");
    if (scanner_.take("]")) return;
    do {
      T element{};
      read(element);
      out.push_back(std::move(element));
    } while (scanner_.take(","));
    scanner_.expect("]");
  }

 private:
  Scanner& scanner_;
  const Scope& scope_;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : scanner_(text) {}

  Result<Graph> run() {
    scanner_.expect("graph");
    g_.name = scanner_.string();
    scanner_.expect("{");
    while (!scanner_.failed()) {
      if (!scanner_.take("}")) {
        statement();
      } else if (loop_ != kNoLoop) {
        loop_ = g_.loops[static_cast<size_t>(loop_)].parent;
      } else {
        break;
      }
    }
    if (!scanner_.failed() && !scanner_.at_end()) scanner_.fail("text after the graph");
    if (scanner_.failed()) return std::unexpected(scanner_.error());
    return std::move(g_);
  }

 private:
  void statement() {
    if (scanner_.at_end()) return scanner_.fail("a graph without its closing brace");
    if (scanner_.take("symbol")) return symbol();
    if (scanner_.take("strings")) return strings();
    if (scanner_.take("output")) return output();
    if (scanner_.take("define")) return definition();
    if (scanner_.take("check")) return check();
    if (scanner_.take("loop")) return loop();
    if (loop_ != kNoLoop && scanner_.take("next")) return next();
    if (loop_ != kNoLoop && scanner_.take("while")) return condition();
    std::string name = scanner_.value_name();
    scanner_.expect("=");
    if (scanner_.take("input")) return input(std::move(name));
    if (scanner_.take("constant")) return constant(std::move(name));
    node(std::move(name));
  }

  void strings() {
    scanner_.expect("{");
    do g_.strings.push_back(scanner_.string());
    while (scanner_.take(","));
    scanner_.expect("}");
  }

  std::optional<int64_t> limit(std::string_view infinity) {
    if (scanner_.take(infinity)) return std::nullopt;
    return scanner_.integer(-kMaxExtent, kMaxExtent);
  }

  void symbol() {
    expr::Variable v;
    v.name = scanner_.symbol_name();
    scanner_.expect("in");
    scanner_.expect("[");
    v.range.min = limit("-inf");
    scanner_.expect(",");
    v.range.max = limit("inf");
    scanner_.expect("]");
    scanner_.expect("multiple");
    scanner_.expect("of");
    v.multiple_of = scanner_.integer(1, kMaxAmount);
    if (v.range.min && v.range.max && *v.range.min > *v.range.max) scanner_.fail("an empty range");
    if (g_.symbols.contains(v.name)) scanner_.fail("the symbol `" + v.name + "` is declared twice");
    if (!scanner_.failed()) g_.symbols.emplace(v.name, v);
  }

  Type type() {
    Type out;
    scanner_.expect(":");
    MemberParser member(scanner_, g_.symbols);
    // The word of the element type ends at the bracket.
    member.read(out.dtype);
    member.read(out.shape);
    return out;
  }

  ValueId define(std::string name, Type t) {
    const ValueId id = static_cast<ValueId>(g_.values.size());
    if (!scanner_.failed() && !ids_.emplace(name, id).second)
      scanner_.fail(value_token(name) + " is defined twice");
    if (scanner_.failed()) return kNoValue;
    g_.names.insert(name);
    g_.values.push_back({std::move(name), std::move(t)});
    return id;
  }

  ValueId use() {
    const std::string name = scanner_.value_name();
    const auto found = ids_.find(name);
    if (found != ids_.end()) return found->second;
    scanner_.fail(value_token(name) + " is not defined before its use");
    return kNoValue;
  }

  void output() {
    std::string name = scanner_.string();
    scanner_.expect("=");
    const ValueId id = use();
    const bool is_string = scanner_.take("strings");
    if (!scanner_.failed()) g_.outputs.push_back({std::move(name), id, is_string});
  }

  void definition() {
    std::string name = scanner_.symbol_name();
    scanner_.expect("=");
    const ValueId id = use();
    if (!scanner_.failed()) g_.definitions.push_back({std::move(name), id});
  }

  void check() {
    Check check;
    check.value = use();
    scanner_.expect("in");
    // The range reads as a shape of two extents.
    Shape range;
    MemberParser(scanner_, g_.symbols).read(range);
    check.what = scanner_.string();
    scanner_.expect("@");
    check.source = scanner_.string();
    if (!scanner_.failed() && range.size() != 2) scanner_.fail("a range has two ends");
    if (scanner_.failed()) return;
    check.min = range[0];
    check.max = range[1];
    g_.checks.push_back(std::move(check));
  }

  void loop() {
    Loop begun;
    begun.parent = loop_;
    begun.index = scanner_.symbol_name();
    Shape trips;
    MemberParser(scanner_, g_.symbols).read(trips);
    if (trips.size() != 1) scanner_.fail("expected one number of trips");
    scanner_.expect("{");
    if (scanner_.failed()) return;
    begun.trips = trips[0];
    loop_ = static_cast<int32_t>(g_.loops.size());
    g_.loops.push_back(std::move(begun));
  }

  void next() {
    const ValueId state = use();
    scanner_.expect("=");
    const ValueId value = use();
    if (!scanner_.failed()) g_.loops[static_cast<size_t>(loop_)].carried.push_back({state, value});
  }

  void condition() {
    const ValueId value = use();
    if (!scanner_.failed()) g_.loops[static_cast<size_t>(loop_)].condition = value;
  }

  void input(std::string name) {
    std::string port = scanner_.string();
    Type t = type();
    const ValueId id = define(std::move(name), std::move(t));
    const bool is_string = scanner_.take("strings");
    if (!scanner_.failed()) g_.inputs.push_back({std::move(port), id, is_string});
  }

  void constant(std::string name) {
    if (scanner_.string() != name) scanner_.fail("a constant's name differs from its value's");
    Type t = type();
    scanner_.expect("=");
    ConstantData data = scanner_.take("blob") ? blob(t) : elements(t.dtype);
    const ValueId id = define(std::move(name), std::move(t));
    if (!scanner_.failed()) g_.constants.emplace(id, std::move(data));
  }

  // The range's size is not in the text: it is the type's.
  ConstantData blob(const Type& t) {
    BlobRange range;
    range.blob = static_cast<uint32_t>(scanner_.unsigned_integer(UINT32_MAX));
    scanner_.expect("@");
    range.offset = scanner_.unsigned_integer(UINT64_MAX);
    const auto shape = constant_shape(t.shape);
    if (!shape || !shape_fault(t.shape).empty()) {
      scanner_.fail("a constant's shape is not constant, or too large");
      return range;
    }
    range.bytes = byte_size(t.dtype);
    for (const int64_t extent : *shape) range.bytes *= static_cast<uint64_t>(extent);
    return range;
  }

  ConstantData elements(DType dtype) {
    std::vector<uint8_t> bytes;
    scanner_.expect("{");
    if (scanner_.take("}")) return bytes;
    do {
      if (!parse_element(dtype, scanner_.word(), bytes))
        scanner_.fail("not an element of " + std::string(to_string(dtype)));
    } while (scanner_.take(","));
    scanner_.expect("}");
    return bytes;
  }

  void node(std::string name) {
    const auto op = parse_op(scanner_.word());
    if (!op) return scanner_.fail("an unknown operation");
    Node n{*op, row(*op).defaults, {}, kNoValue, {}, -1, loop_};
    scanner_.expect("(");
    if (!scanner_.take(")")) {
      do n.inputs.push_back(use());
      while (scanner_.take(","));
      scanner_.expect(")");
    }
    if (scanner_.take("{")) attributes(n.attributes);
    Type t = type();
    if (scanner_.take("@")) n.source = scanner_.string();
    if (scanner_.take("group")) n.group = static_cast<int32_t>(scanner_.integer(0, INT32_MAX));
    n.output = define(std::move(name), std::move(t));
    if (!scanner_.failed()) g_.nodes.push_back(std::move(n));
  }

  void attributes(Attributes& out) {
    std::vector<std::string> seen;
    do {
      const std::string name(scanner_.word());
      scanner_.expect("=");
      bool known = false;
      const auto read_named = [&](std::string_view field, auto& member) {
        if (field != name) return;
        known = true;
        MemberParser(scanner_, g_.symbols).read(member);
      };
      std::visit([&](auto& a) { a.fields(a, read_named); }, out);
      if (!known) scanner_.fail("unknown attribute `" + name + "`");
      for (const std::string& other : seen)
        if (other == name) scanner_.fail("the attribute `" + name + "` is given twice");
      seen.push_back(name);
    } while (scanner_.take(","));
    scanner_.expect("}");
  }

  Scanner scanner_;
  Graph g_;
  std::map<std::string, ValueId, std::less<>> ids_;
  int32_t loop_ = kNoLoop;  ///< the loop whose nodes are read
};

}  // namespace

Result<Graph> parse(std::string_view text) { return Parser(text).run(); }

}  // namespace weft::graph
