// Addresses and index values of one kernel as i32 code: the analysis that decides the speed of inner loops.
//
// Engines do no strength reduction, so nothing is recomputed from indices where it can be kept:
// - An index is constant + sum of coefficient * atom. Accesses to one buffer whose indices differ only in the
// constant share one
//   pointer local; the constant becomes the instruction's offset.
// - A pointer lives at the innermost scope whose variable it uses. In a loop it starts as the pointer of what
// is left without the
//   loop's variable (a local of an outer scope), and grows by its stride at the end of each iteration.
// - Atoms that are not affine (floor_div, mod, min, max, select, products) are computed once, at the
// outermost scope where all
//   their variables are bound, into locals that are shared.
//
// Scopes: the kernel's start, every loop, and everything after a LetIndex in its block. Code is collected per
// scope: `front` runs before the loop, `top` at the start of its body, `tail` at its end.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "loops/loops.hpp"
#include "targets/wasm/emit_code.hpp"

namespace weft::wasm {

using expr::Expr;

struct ExprLess {
  bool operator()(const Expr& a, const Expr& b) const { return expr::compare(a, b) < 0; }
};

/// Lowest address at which a buffer may start: the plan keeps its tables below. Pointers may point this far
/// below their buffer.
inline constexpr int64_t kLowestAddress = 1024;

class Addresses {
 public:
  Addresses(const loops::Kernel& kernel, Locals& locals);

  // --- scopes ---
  /// `start` is a local that holds the variable's first value, when that is not 0.
  void open_loop(const std::string& variable, std::optional<uint32_t> start = {});
  /// `local` holds the variable's value.
  void open_index(const std::string& variable, uint32_t local);
  struct Closed {
    Code front, top, body, tail;
    std::optional<uint32_t> variable;  ///< its local, when something needs the value
  };
  Closed close();
  /// Where statements of the innermost scope are written.
  Code& body() { return scopes_.back().body; }
  Code take_root();

  // --- expressions ---
  /// Pushes the value of `e` as i32.
  void evaluate(const Expr& e, Code& out) { evaluate(e, out, scopes_.size() - 1); }
  /// Pushes the pointer for buffer[index] and returns the memory op's group and offset in bytes.
  struct Place {
    uint32_t group;
    int64_t offset;
  };
  Place place(uint32_t buffer, const Expr& index, Code& out);

  /// After everything: gives each pointer its bias and replaces what depended on it.
  void resolve(std::vector<Op>& ops) const;

 private:
  struct PointerKey {
    uint32_t buffer;
    Expr terms;
    std::optional<int64_t>
        constant;  ///< own pointer for an access that may point in front of its buffer when it is guarded
    bool operator<(const PointerKey& other) const;
  };
  struct Scope {
    std::string variable;
    bool is_loop = false;
    std::optional<uint32_t> local, start;
    Code front, top, body, tail;
    std::map<Expr, uint32_t, ExprLess> atoms;    ///< values that stay the same in the scope's body
    std::map<Expr, uint32_t, ExprLess> strides;  ///< values that are computed in front
    std::map<PointerKey, uint32_t> pointers;
  };
  struct Group {
    uint32_t local = 0;
    int64_t size = 1;
    std::optional<int64_t> least;  ///< the smallest constant
    bool may_be_negative = false;
  };

  size_t level(const Expr& e) const;
  size_t binder(const std::string& variable) const;
  uint32_t local_of(size_t scope);
  uint32_t symbol_local(const std::string& name);
  void evaluate(const Expr& e, Code& out, size_t depth);
  void evaluate_sum(const expr::Linear& l, Code& out, size_t depth);
  void evaluate_term(int64_t coefficient, const Expr& atom, Code& out, size_t depth);
  void compute(const Expr& atom, Code& out, size_t depth);
  void divide(const Expr& atom, Code& out, size_t depth);
  void compare(Instr instr, const Expr& atom, Code& out, size_t depth);
  void extreme(Instr instr, const Expr& atom, Code& out, size_t depth);
  uint32_t atom_local(const Expr& atom);
  uint32_t pointer(const PointerKey& key);
  uint32_t make_pointer(const PointerKey& key);
  void root_pointer(const PointerKey& key, uint32_t group);
  void loop_pointer(const PointerKey& key, uint32_t group, size_t at);
  void plain_pointer(const PointerKey& key, uint32_t group, size_t at);
  void add_increment(const Expr& step, int64_t size, uint32_t group, size_t at);
  void derive(uint32_t buffer, const Expr& terms, uint32_t group, Code& out);
  void add_scaled(const Expr& e, int64_t size, Code& out, size_t depth);
  int64_t bias(const Group& group) const;

  const loops::Kernel& kernel_;
  Locals& locals_;
  std::deque<Scope> scopes_;
  std::vector<Group> groups_;
};

}  // namespace weft::wasm
