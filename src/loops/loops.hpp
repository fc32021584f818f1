// Loop IR: how it is computed; loops over flat buffers. Targets print it, every target the same.
//
// Semantics. Integer index arithmetic is expr::Expr: mathematical, no overflow (verify bounds every byte
// offset below 2^32). Value arithmetic is on lanes of f32, f64, i32, u32, i64, u64 and boolean; i8, i16, u8,
// u16, f16, bf16 are memory types: a load of one has that type and must be cast before arithmetic, and a
// store casts first. Integers wrap. Floats are IEEE 754, round to nearest even, one rounding per operation
// but `muladd`; NaN payloads unspecified. Nothing traps: div and rem define their edge cases, casts saturate.
// Evaluation order of operands is unobservable. Buffers of one kernel do not alias, unless two parameters are
// declared the same buffer (in-place is expressed by one read-write buffer). Loads of `access` and `load`
// read memory at the place of their statement. A `for` runs its variable from 0 to extent - 1; `unrolled` and
// `vectorized` ask for a rewriting and mean the same as `serial`; `blocks` is the kernel's outermost loop,
// whose iterations are independent and are handed out by the caller (kernel(params, begin, end)).
//
// `threads` runs its iterations on the invocations of a workgroup, in any order: none may depend on what
// another of the same loop does. All such loops of a kernel have one constant extent; none lies in another,
// and around them there are only loops and conditions that are the same for the whole workgroup, with neither
// stores nor loads. Between two of them that run one after the other there is a barrier, which is why the IR
// needs no statement for it: the second sees all that the first stored in `workgroup` buffers. In other
// memory an iteration sees what that same iteration of earlier loops stored. A `registers` buffer that
// outlives one loop has a slice per iteration: its index is slice * variable + rest, with 0 <= rest < slice =
// elements / extent, so that a target can drop the variable and keep one slice per invocation.
//
// Text form (print and parse are inverse):
//   kernel "conv_relu" {
//     buffer a: f32[1024] read slack 16
//     buffer c: f32[512] write
//     buffer acc: f32[8] registers
//     for i in 0..64 blocks {
//       for j in 0..8 vectorized {
//         let x = muladd(load f32 a[8*i + j], constant f32 2.5, local f32 b)
//         index g in [0, 9] = cast i32 (load i64 b[i])
//         if 8*i + j < 500 { c[8*i + j] = max(local f32 x, constant f32 0) } else { … }
//       }
//     }
//   }
// Vector types print as f32x4; an index into registers or memory is always in elements, a vector load covers
// index … index + lanes - 1.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/dtype.hpp"
#include "base/result.hpp"
#include "expr/expr.hpp"

namespace weft::loops {

using expr::Expr;

enum class ValueOp : uint8_t {
#define WEFT_VALUE_OP(name, ...) name,
#include "loops/loops.def"
#undef WEFT_VALUE_OP
};

enum class OperandRule : uint8_t { any, number, floating, integer, boolean, mixed };
enum class ResultRule : uint8_t { same, boolean, given };
struct ValueOpInfo {
  std::string_view name;
  int arity;
  OperandRule operands;
  ResultRule result;
};
const ValueOpInfo& info(ValueOp op);
std::optional<ValueOp> parse_value_op(std::string_view name);

struct Type {
  DType dtype = DType::f32;
  uint32_t lanes = 1;
  friend bool operator==(const Type&, const Type&) = default;
};
std::string to_string(const Type& type);

struct ValueNode;
/// An immutable, shared expression tree over lanes. Never null once built.
class Value {
 public:
  Value() = default;
  explicit Value(std::shared_ptr<const ValueNode> node) : node_(std::move(node)) {}
  const ValueNode& operator*() const { return *node_; }
  const ValueNode* operator->() const { return node_.get(); }
  explicit operator bool() const { return node_ != nullptr; }
  const ValueNode* get() const { return node_.get(); }

 private:
  std::shared_ptr<const ValueNode> node_;
};

struct ValueNode {
  ValueOp op;
  Type type;
  std::vector<Value> operands;  ///< predicated access or load: one operand, the other value
  uint64_t bits = 0;    ///< constant: the element's bits (low bits of the dtype's width); extract: the lane
  std::string name;     ///< local
  uint32_t buffer = 0;  ///< load: index into Kernel::buffers; access: index into Stage::tensors
  std::vector<Expr> indices;      ///< index: {base, stride}; load: {index}; access: one per logical axis
  std::optional<Expr> predicate;  ///< load, access: read memory only where this is not 0
};

struct Statement;
using Block = std::vector<Statement>;

enum class ForKind : uint8_t { serial, unrolled, vectorized, blocks, threads };

struct For {
  std::string variable;  ///< unique within the kernel along every path from the root; runs over [0, extent)
  Expr extent;
  ForKind kind = ForKind::serial;
  std::shared_ptr<const Block> body;
};
struct Store {
  uint32_t buffer = 0;
  Expr index;
  Value value;
};
/// Binds a name to a value for the rest of the enclosing block (evaluated once, here).
struct Let {
  std::string name;
  Value value;
};
/// Binds an index variable to an i32 value for the rest of the enclosing block. The value lies in the
/// variable's range by construction (lowering clamps data-dependent indices and reports those out of range).
struct LetIndex {
  expr::Variable variable;
  Value value;
};
struct If {
  Expr condition;
  std::shared_ptr<const Block> then_block;
  std::shared_ptr<const Block> else_block;  ///< may be null
};

struct Statement {
  std::variant<For, Store, Let, LetIndex, If> node;
};

/// read, write, read_write: a parameter, its address is in the params struct. registers: private, dies with
/// the kernel call, constant indices only once loops are unrolled. scratch: a parameter too, memory whose
/// contents mean nothing between blocks. workgroup: memory that the iterations of `threads` loops share, its
/// contents mean nothing between blocks; only such loops touch it.
enum class BufferSpace : uint8_t { read, write, read_write, registers, scratch, workgroup };
/// Whether the caller gives the buffer: its address is in the params struct.
constexpr bool is_parameter(BufferSpace space) {
  return space != BufferSpace::registers && space != BufferSpace::workgroup;
}

struct Buffer {
  std::string name;
  DType dtype = DType::f32;
  BufferSpace space = BufferSpace::read;
  Expr elements;      ///< none where it is below 0: then nothing is touched
  int64_t slack = 0;  ///< elements after the end that may be read, contents undefined
};

struct Kernel {
  std::string name;
  std::vector<Buffer> buffers;
  std::map<std::string, expr::Variable, std::less<>>
      symbols;  ///< extents known only at run time, in params after the buffers
  Block body;   ///< at most one `blocks` loop, and only as the single outermost statement
};

/// The extent of the outermost `blocks` loop, or 1.
Expr block_count(const Kernel& kernel);

// Build: each checks its operands (a violation is a compiler bug) and folds constants where the result is
// exact. -----------
Value constant(Type type, double value);  ///< rounds to the type; integers must be exact
Value constant_bits(Type type, uint64_t bits);
Value constant_int(Type type, int64_t value);
Value index_value(Expr e, DType dtype = DType::i32);
Value index_vector(Expr base, Expr stride, uint32_t lanes,
                   DType dtype = DType::i32);  ///< base + lane * stride
Value local(Type type, std::string name);
Value load(Type type, uint32_t buffer, Expr index);
Value load_if(Type type, uint32_t buffer, Expr index, Expr predicate, Value other);
Value access(DType dtype, uint32_t tensor, std::vector<Expr> indices);
Value access_if(DType dtype, uint32_t tensor, std::vector<Expr> indices, Expr predicate, Value other);
Value unary(ValueOp op, Value a);
Value binary(ValueOp op, Value a, Value b);
Value muladd(Value a, Value b, Value c);
Value select(Value condition, Value a, Value b);
Value cast(DType to, Value a);
Value bitcast(DType to, Value a);
Value broadcast(Value scalar, uint32_t lanes);
Value make_lanes(std::vector<Value> scalars);
Value extract(Value vector, uint32_t lane);

/// The index variable of a loop: [0, bounds(extent).max - 1]. Every use of it within the loop carries these
/// facts.
expr::Variable loop_facts(std::string name, const Expr& extent);
Expr loop_variable(std::string name, const Expr& extent);
Statement make_for(std::string variable, Expr extent, ForKind kind, Block body);
Statement make_store(uint32_t buffer, Expr index, Value value);
Statement make_let(std::string name, Value value);
Statement make_let_index(expr::Variable variable, Value value);
Statement make_if(Expr condition, Block then_block, Block else_block = {});

int compare(const Value& a, const Value& b);  ///< total structural order
inline bool operator==(const Value& a, const Value& b) { return compare(a, b) == 0; }

// Walk
// ----------------------------------------------------------------------------------------------------------------
/// The node with other operands, folded as the builders fold.
Value with_operands(const ValueNode& node, std::vector<Value> operands);
/// Rebuilds a value bottom up: `leaf_or_node` gets each rebuilt node and returns its replacement. Shared
/// subtrees are visited once.
Value rewrite(const Value& value, const std::function<Value(const Value&)>& replace);
/// Substitutes index variables in every Expr of a value, a block.
Value substitute(const Value& value, const std::map<std::string, Expr, std::less<>>& bindings);
Block substitute(const Block& block, const std::map<std::string, Expr, std::less<>>& bindings);

// Text, checks, evaluation
// -------------------------------------------------------------------------------------------------
std::string print(const Kernel& kernel);
Result<Kernel> parse(std::string_view text);
/// The statement's text; of a `for` and an `if`, their whole bodies.
std::string print(const Statement& statement, const std::vector<std::string>& buffer_names);
std::vector<std::string> buffer_names(const Kernel& kernel);
std::string print(const Value& value, const std::vector<std::string>& buffer_names);

/// Structure, types, scoping, and that every access lies inside its buffer + slack (loads) or its buffer
/// (stores), by expr::bounds of the index under the conditions that guard it. A failure is a compiler bug:
/// the message names the statement.
Result<void> verify(const Kernel& kernel);

/// Memory of one buffer during evaluation.
struct Memory {
  std::vector<uint8_t> bytes;  ///< elements (+ slack, which eval poisons itself with signalling garbage)
};
/// Runs blocks [begin, end). `memories` is parallel to kernel.buffers (ignored for registers and workgroup).
/// `threads` loops run from their last iteration to their first, so that what relies on their order shows.
/// The reference for every target.
void evaluate(const Kernel& kernel, std::vector<Memory>& memories,
              const std::map<std::string, int64_t, std::less<>>& symbols, int64_t begin, int64_t end);

}  // namespace weft::loops
