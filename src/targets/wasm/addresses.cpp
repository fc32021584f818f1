#include "targets/wasm/addresses.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace weft::wasm {

using expr::Kind;
using expr::Linear;
using expr::Term;

bool Addresses::PointerKey::operator<(const PointerKey& other) const {
  if (buffer != other.buffer) return buffer < other.buffer;
  if (constant != other.constant) return constant < other.constant;
  return expr::compare(terms, other.terms) < 0;
}

Addresses::Addresses(const loops::Kernel& kernel, Locals& locals) : kernel_(kernel), locals_(locals) {
  scopes_.emplace_back();
}

void Addresses::open_loop(const std::string& variable, std::optional<uint32_t> start) {
  Scope& scope = scopes_.emplace_back();
  scope.variable = variable;
  scope.is_loop = true;
  scope.start = start;
}

void Addresses::open_index(const std::string& variable, uint32_t local) {
  scopes_.emplace_back();
  scopes_.back().variable = variable;
  scopes_.back().local = local;
}

Addresses::Closed Addresses::close() {
  Scope& s = scopes_.back();
  Closed closed{std::move(s.front), std::move(s.top), std::move(s.body), std::move(s.tail), s.local};
  scopes_.pop_back();
  return closed;
}

Code Addresses::take_root() {
  WEFT_CHECK(scopes_.size() == 1, "a scope is open");
  Code code = std::move(scopes_[0].top);
  code.append(std::move(scopes_[0].body));
  return code;
}

uint32_t Addresses::local_of(size_t scope) {
  Scope& s = scopes_[scope];
  if (!s.local) s.local = locals_.make(ValType::i32);
  return *s.local;
}

// The scope that binds a variable; symbols belong to the root.
size_t Addresses::binder(const std::string& variable) const {
  for (size_t i = scopes_.size(); i-- > 1;)
    if (scopes_[i].variable == variable) return i;
  WEFT_CHECK(kernel_.symbols.contains(variable), variable);
  return 0;
}

size_t Addresses::level(const Expr& e) const {
  size_t deepest = 0;
  for (const std::string& name : expr::variables(e)) deepest = std::max(deepest, binder(name));
  return deepest;
}

// --- pointers
// ------------------------------------------------------------------------------------------------------------------

Addresses::Place Addresses::place(uint32_t buffer, const Expr& index, Code& out) {
  Linear terms = expr::linear(index);
  const int64_t constant = terms.constant;
  terms.constant = 0;
  PointerKey key{buffer, expr::from_linear(terms), {}};
  const int64_t size = byte_size(kernel_.buffers[buffer].dtype);
  const auto least = expr::bounds(key.terms).min;
  // Without a guard the address of every access is inside its buffer, so the group's smallest constant makes
  // a pointer that is, too.
  if (!least || (*least + constant) * size < -kLowestAddress) key.constant = constant;
  const uint32_t group = pointer(key);
  Group& g = groups_[group];
  g.least = std::min(g.least.value_or(constant), constant);
  out.get(g.local);
  return {group, constant * size};
}

uint32_t Addresses::pointer(const PointerKey& key) {
  Scope& scope = scopes_[level(key.terms)];
  const auto known = scope.pointers.find(key);
  return known != scope.pointers.end() ? known->second : make_pointer(key);
}

uint32_t Addresses::make_pointer(const PointerKey& key) {
  const size_t at = level(key.terms);
  Group g;
  g.local = locals_.make(ValType::i32);
  g.size = byte_size(kernel_.buffers[key.buffer].dtype);
  const auto least = expr::bounds(key.terms).min;
  g.may_be_negative = key.constant || !least || *least < 0;
  const uint32_t group = static_cast<uint32_t>(groups_.size());
  groups_.push_back(g);
  scopes_[at].pointers.emplace(key, group);
  if (at == 0) root_pointer(key, group);
  else if (scopes_[at].is_loop) loop_pointer(key, group, at);
  else plain_pointer(key, group, at);
  return group;
}

// Pushes the pointer of `terms`, which vary in outer scopes only, moved to the bias of `group`.
void Addresses::derive(uint32_t buffer, const Expr& terms, uint32_t group, Code& out) {
  PointerKey key{buffer, terms, {}};
  const uint32_t from = pointer(key);
  out.get(groups_[from].local);
  Op op;
  op.kind = OpKind::adjust;
  op.group = group;
  op.other = from;
  out.ops.push_back(op);
}

void Addresses::root_pointer(const PointerKey& key, uint32_t group) {
  Code code;
  if (key.terms.is_constant(0)) {
    uint32_t word = 0;
    for (uint32_t i = 0; i < key.buffer; ++i)
      word += kernel_.buffers[i].space != loops::BufferSpace::registers;
    code.get(0);
    Op load;
    load.kind = OpKind::memory;
    load.instr = Instr::i32_load;
    load.align = 2;
    load.bits = 4 * word;
    code.ops.push_back(load);
    Op op;
    op.kind = OpKind::adjust;
    op.group = group;
    code.ops.push_back(op);
  } else {
    derive(key.buffer, Expr(0), group, code);
    add_scaled(key.terms, groups_[group].size, code, 0);
  }
  code.set(groups_[group].local);
  scopes_[0].top.append(std::move(code));
}

namespace {

// `atom` as coefficient * variable, where the coefficient does not use it.
std::optional<Expr> coefficient_of(const Expr& atom, const std::string& variable) {
  const auto split = expr::split_linear(atom, variable);
  if (!split || !split->rest.is_constant(0)) return std::nullopt;
  return split->coefficient;
}

}  // namespace

void Addresses::loop_pointer(const PointerKey& key, uint32_t group, size_t at) {
  const std::string variable = scopes_[at].variable;
  Linear outer, rest;
  Expr step(0);
  for (const Term& term : expr::linear(key.terms).terms) {
    if (level(term.atom) < at) {
      outer.terms.push_back(term);
    } else if (const auto coefficient = coefficient_of(term.atom, variable)) {
      step = step + Expr(term.coefficient) * *coefficient;
    } else {
      rest.terms.push_back(term);
    }
  }
  const Group g = groups_[group];
  if (!rest.terms.empty()) {
    // The affine part runs along, the rest is added in each iteration.
    Code code;
    const Expr affine = key.terms - expr::from_linear(rest);
    derive(key.buffer, affine, group, code);
    add_scaled(expr::from_linear(rest), g.size, code, at);
    code.set(g.local);
    scopes_[at].top.append(std::move(code));
    return;
  }
  Code code;
  derive(key.buffer, expr::from_linear(outer), group, code);
  if (scopes_[at].start) {
    evaluate(step * Expr(g.size), code, at - 1);
    code.get(*scopes_[at].start);
    code.op(Instr::i32_mul);
    code.op(Instr::i32_add);
  }
  code.set(g.local);
  scopes_[at].front.append(std::move(code));
  add_increment(step, g.size, group, at);
}

void Addresses::add_increment(const Expr& step, int64_t size, uint32_t group, size_t at) {
  Scope& scope = scopes_[at];
  const Expr bytes = step * Expr(size);
  const uint32_t local = groups_[group].local;
  Code code;
  code.get(local);
  if (const auto constant = bytes.as_constant()) {
    code.i32(*constant);
  } else {
    auto known = scope.strides.find(bytes);
    if (known == scope.strides.end()) {
      const uint32_t stride = locals_.make(ValType::i32);
      Code front;
      evaluate(bytes, front, at - 1);
      front.set(stride);
      scope.front.append(std::move(front));
      known = scope.strides.emplace(bytes, stride).first;
    }
    code.get(known->second);
  }
  code.op(Instr::i32_add);
  code.set(local);
  scope.tail.append(std::move(code));
}

// In the scope of an index that comes from data.
void Addresses::plain_pointer(const PointerKey& key, uint32_t group, size_t at) {
  Linear outer, rest;
  for (const Term& term : expr::linear(key.terms).terms)
    (level(term.atom) < at ? outer : rest).terms.push_back(term);
  Code code;
  derive(key.buffer, expr::from_linear(outer), group, code);
  add_scaled(expr::from_linear(rest), groups_[group].size, code, at);
  code.set(groups_[group].local);
  scopes_[at].top.append(std::move(code));
}

void Addresses::add_scaled(const Expr& e, int64_t size, Code& out, size_t depth) {
  evaluate(e * Expr(size), out, depth);
  out.op(Instr::i32_add);
}

int64_t Addresses::bias(const Group& group) const {
  const int64_t least = group.least.value_or(0);
  return group.may_be_negative || least < 0 ? least * group.size : 0;
}

void Addresses::resolve(std::vector<Op>& ops) const {
  std::vector<Op> out;
  out.reserve(ops.size());
  for (Op& op : ops) {
    if (op.group == kNoGroup) {
      out.push_back(op);
      continue;
    }
    const int64_t to = bias(groups_[op.group]);
    if (op.kind != OpKind::adjust) {
      op.bits = static_cast<uint64_t>(static_cast<int64_t>(op.bits) - to);
      WEFT_CHECK(op.bits <= UINT32_MAX, "an offset beyond the address space");
      out.push_back(op);
      continue;
    }
    const int64_t difference = to - (op.other == kNoGroup ? 0 : bias(groups_[op.other]));
    if (difference == 0) continue;
    Code code;
    code.i32(difference);
    code.op(Instr::i32_add);
    out.insert(out.end(), code.ops.begin(), code.ops.end());
  }
  ops = std::move(out);
}

}  // namespace weft::wasm
