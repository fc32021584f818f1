// Index expressions as i32 instructions.
#include <bit>

#include "base/check.hpp"
#include "targets/wasm/addresses.hpp"

namespace weft::wasm {

using expr::Kind;
using expr::Linear;
using expr::Term;

namespace {

std::optional<int> power_of_two(int64_t value) {
  if (value <= 0 || !std::has_single_bit(static_cast<uint64_t>(value))) return std::nullopt;
  return std::countr_zero(static_cast<uint64_t>(value));
}

std::optional<int> power_of_two(const Expr& e) {
  const auto constant = e.as_constant();
  return constant ? power_of_two(*constant) : std::nullopt;
}

bool not_negative(const Expr& e) {
  const auto least = expr::bounds(e).min;
  return least && *least >= 0;
}

}  // namespace

void Addresses::evaluate(const Expr& e, Code& out, size_t depth) {
  const expr::Node& n = e.node();
  switch (n.kind) {
    case Kind::constant: return out.i32(n.value);
    case Kind::sum: return evaluate_sum(expr::linear(e), out, depth);
    case Kind::variable: {
      const size_t at = binder(n.variable.name);
      return out.get(at == 0 ? symbol_local(n.variable.name) : local_of(at));
    }
    default: return out.get(atom_local(e));
  }
}

void Addresses::evaluate_term(int64_t coefficient, const Expr& atom, Code& out, size_t depth) {
  evaluate(atom, out, depth);
  if (coefficient == 1) return;
  if (const auto shift = power_of_two(coefficient)) {
    out.i32(*shift);
    return out.op(Instr::i32_shl);
  }
  out.i32(coefficient);
  out.op(Instr::i32_mul);
}

void Addresses::evaluate_sum(const Linear& l, Code& out, size_t depth) {
  bool first = true;
  // A term to add comes first, so that the subtracted ones need no zero.
  for (const bool subtract : {false, true}) {
    for (const Term& term : l.terms) {
      if ((term.coefficient < 0) != subtract) continue;
      if (first && subtract) out.i32(l.constant);
      evaluate_term(subtract ? -term.coefficient : term.coefficient, term.atom, out, depth);
      if (!first || subtract) out.op(subtract ? Instr::i32_sub : Instr::i32_add);
      if (first && !subtract && l.constant != 0) {
        out.i32(l.constant);
        out.op(Instr::i32_add);
      }
      first = false;
    }
  }
  if (first) out.i32(l.constant);
}

uint32_t Addresses::symbol_local(const std::string& name) {
  const Expr key = expr::variable(name);
  Scope& root = scopes_[0];
  if (const auto known = root.atoms.find(key); known != root.atoms.end()) return known->second;
  uint32_t word = 0;
  for (const loops::Buffer& buffer : kernel_.buffers) word += buffer.space != loops::BufferSpace::registers;
  word += static_cast<uint32_t>(std::distance(kernel_.symbols.begin(), kernel_.symbols.find(name)));
  const uint32_t local = locals_.make(ValType::i32);
  root.top.get(0);
  Op load;
  load.kind = OpKind::memory;
  load.instr = Instr::i32_load;
  load.align = 2;
  load.bits = 4 * word;
  root.top.ops.push_back(load);
  root.top.set(local);
  root.atoms.emplace(key, local);
  return local;
}

// Computed where the last of its variables is bound, and kept.
uint32_t Addresses::atom_local(const Expr& atom) {
  const size_t at = level(atom);
  const auto known = scopes_[at].atoms.find(atom);
  if (known != scopes_[at].atoms.end()) return known->second;
  const uint32_t local = locals_.make(ValType::i32);
  Code code;
  compute(atom, code, at);
  code.set(local);
  scopes_[at].top.append(std::move(code));
  scopes_[at].atoms.emplace(atom, local);
  return local;
}

void Addresses::compare(Instr instr, const Expr& atom, Code& out, size_t depth) {
  for (const Expr& operand : atom.node().operands) evaluate(operand, out, depth);
  out.op(instr);
}

void Addresses::extreme(Instr instr, const Expr& atom, Code& out, size_t depth) {
  for (const Expr& operand : atom.node().operands) evaluate(operand, out, depth);
  compare(instr, atom, out, depth);
  out.op(Instr::select);
}

void Addresses::compute(const Expr& atom, Code& out, size_t depth) {
  const auto& operands = atom.node().operands;
  const auto truth = [&](size_t i) {
    evaluate(operands[i], out, depth);
    const auto range = expr::bounds(operands[i]);
    if (range.min.value_or(-1) >= 0 && range.max.value_or(2) <= 1) return;
    out.i32(0);
    out.op(Instr::i32_ne);
  };
  switch (atom.kind()) {
    case Kind::product:
      for (size_t i = 0; i < operands.size(); ++i) {
        evaluate(operands[i], out, depth);
        if (i > 0) out.op(Instr::i32_mul);
      }
      return;
    case Kind::floor_div:
    case Kind::mod: return divide(atom, out, depth);
    case Kind::min: return extreme(Instr::i32_lt_s, atom, out, depth);
    case Kind::max: return extreme(Instr::i32_gt_s, atom, out, depth);
    case Kind::less: return compare(Instr::i32_lt_s, atom, out, depth);
    case Kind::less_equal: return compare(Instr::i32_le_s, atom, out, depth);
    case Kind::equal: return compare(Instr::i32_eq, atom, out, depth);
    case Kind::logical_and:
    case Kind::logical_or:
      truth(0);
      truth(1);
      return out.op(atom.kind() == Kind::logical_and ? Instr::i32_and : Instr::i32_or);
    case Kind::logical_not: evaluate(operands[0], out, depth); return out.op(Instr::i32_eqz);
    case Kind::select:
      evaluate(operands[1], out, depth);
      evaluate(operands[2], out, depth);
      evaluate(operands[0], out, depth);
      return out.op(Instr::select);
    case Kind::constant:
    case Kind::variable:
    case Kind::sum: return evaluate(atom, out, depth);
  }
}

// Shifting right and masking round to minus infinity for negative values, too; other divisors need it spelled
// out.
void Addresses::divide(const Expr& atom, Code& out, size_t depth) {
  const Expr &a = atom.node().operands[0], &b = atom.node().operands[1];
  const bool is_mod = atom.kind() == Kind::mod;
  if (const auto shift = power_of_two(b)) {
    evaluate(a, out, depth);
    out.i32(is_mod ? (int64_t{1} << *shift) - 1 : *shift);
    return out.op(is_mod ? Instr::i32_and : Instr::i32_shr_s);
  }
  evaluate(a, out, depth);
  if (not_negative(a)) {
    evaluate(b, out, depth);
    return out.op(is_mod ? Instr::i32_rem_u : Instr::i32_div_u);
  }
  const uint32_t value = locals_.make(ValType::i32);
  if (is_mod) {  // r = a rem b; r + (r < 0 ? b : 0)
    evaluate(b, out, depth);
    out.op(Instr::i32_rem_s);
    out.tee(value);
    evaluate(b, out, depth);
  } else {  // (a - (a < 0 ? b - 1 : 0)) / b
    out.tee(value);
    evaluate(b - Expr(1), out, depth);
  }
  out.get(value);
  out.i32(31);
  out.op(Instr::i32_shr_s);
  out.op(Instr::i32_and);
  out.op(is_mod ? Instr::i32_add : Instr::i32_sub);
  if (is_mod) return;
  evaluate(b, out, depth);
  out.op(Instr::i32_div_s);
}

}  // namespace weft::wasm
