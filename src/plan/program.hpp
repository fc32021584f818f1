// Program: the third and last IR. Which kernels run, in which order, on which memory.
//
// Semantics. A program has buffers, kernels and entries. An entry is a list of statements that run in order;
// `prepare` runs once after the weights are in memory, `run` once per inference. A call runs blocks [0,
// blocks) of a kernel, `grain` blocks at a time; the caller may stop between two grains and go on later.
// Buffers with overlapping addresses must not be live at once (verify). A check of a value that is out of its
// range ends the entry with an error. Blocks, offsets and sizes of statements are expressions over the
// program's symbols: extents that the caller chooses before `run`, or that a `define` of `run` computes, each
// within its range. A buffer has room and an address for the greatest; for others it may take less, and lie
// lower (moves.hpp).
//
// `loop` and `if` mark statements up to their `end`, nested, in `run` only. A loop's index is a symbol of its
// own, which counts from 0; before each iteration, the first too, it goes on while the index is below `trips`
// and the condition, if there is one, is true. Outside of the loop its index has no value. A buffer that an
// iteration writes before it reads, and that only the loop uses, holds nothing from one iteration to the
// next.
//
// A load in `prepare` brings bytes of a tensor of model.weights: the caller copies them and goes on. A
// program without loads has all weights in memory before prepare. A weight with a window has memory for a
// part of it only: a load brings the next part to the window's start, and calls until the next load may read
// only this part (their address of the buffer is where its first element would be). That is how a large
// weight is packed without a place for all of it: load, call of the blocks that read this part, load, ...
//
// A custom statement stops the entry: the caller does what its name says, reads the inputs and writes the
// output, which lie row-major, and goes on.
//
// Text form (print and parse are inverse):
//   program {
//     symbol seq in [1, 512]
//     buffer b0 weights "conv1.w" 6912 @ 4096           (bytes, then the address once memory is planned)
//     buffer b1 arena "x.nhwc" 602112 slack 64 @ 65536
//     buffer b2 arena "h" 65536 needs 128*seq          (bytes for the greatest symbols, and for any)
//     buffer b6 weights "fc.w" 4096000 window 1048576 slack 64
//     kernel "…" { … }                                   (Loop IR)
//     prepare {
//       load b0 0 6912                                   (first byte, bytes)
//       call k0(b0, b5) blocks 8 grain 1 @ "conv1"
//       load b6 0 1048576
//       call k2(b6, b7) first 0 blocks 16 grain 1 @ "fc"  (some of the kernel's blocks)
//     }
//     run {
//       fill b1 0
//       call k1(b2, b1) blocks 224 grain 4 @ "image"
//       copy b3 <- b1 602112
//       define n = b7
//       check b8 in [-6, 5] "ids" @ "Gather_3"
//       loop i in 0..n while b8 {                        (the condition may be left out)
//         call k3(b1 + 16*i, b8) blocks 1 grain 1 @ "step"
//         if b8 {
//           copy b4 <- b1 64
//         }
//       }
//       custom "string.part" [",", "-1"] (i32[2] b1) -> i32[2, n] b8 @ "split"
//     }
//   }
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/dtype.hpp"
#include "graph/strings.hpp"
#include "loops/cost.hpp"
#include "loops/loops.hpp"

namespace weft::plan {

using BufferId = uint32_t;
using KernelId = uint32_t;

enum class BufferKind : uint8_t {
  input,     ///< written by the caller before run, row-major
  output,    ///< read by the caller after run, row-major
  weights,   ///< filled by the loader from model.weights (one tensor, row-major), lives as long as `prepare`
             ///< or `run` reads it
  prepared,  ///< written by prepare, lives on
  arena,     ///< lives within run (or within prepare)
  state,     ///< written by prepare and by run, for the next run
};

struct Buffer {
  std::string name;  ///< of the model's value, with what was done to it; for people
  BufferKind kind = BufferKind::arena;
  uint64_t bytes = 0;                    ///< room: what it takes for the greatest symbols
  std::optional<expr::Expr> needs = {};  ///< bytes that it takes, where that depends on symbols
  uint64_t window = 0;  ///< weights: bytes of memory for a part of it at a time; 0: all of it
  uint32_t slack = 0;   ///< readable bytes after the end
  uint64_t address = 0;
  bool placed = false;  ///< whether `address` means something
};
/// What the buffer occupies.
inline uint64_t memory_bytes(const Buffer& buffer) { return buffer.window ? buffer.window : buffer.bytes; }

struct Call {
  KernelId kernel = 0;
  std::vector<BufferId> buffers;    ///< parallel to the kernel's buffers that are parameters
  std::vector<expr::Expr> offsets;  ///< bytes into each buffer; empty: all 0
  expr::Expr blocks = 1;
  uint64_t grain = 1;
  std::string source;                  ///< the model's node(s)
  loops::Cost cost;                    ///< for profiles; not in the text form
  std::optional<uint64_t> first = {};  ///< blocks [first, first + blocks) of the kernel's; without: all
};
struct Fill {
  BufferId buffer = 0;
  uint8_t value = 0;
  std::optional<expr::Expr> bytes = {};  ///< from the start; without: all
};
struct Copy {
  BufferId destination = 0, source = 0;
  expr::Expr bytes = 0;
};
/// Bytes [begin, begin + bytes) of a weight come to the buffer's address.
struct Load {
  BufferId buffer = 0;
  uint64_t begin = 0, bytes = 0;
};
/// From here on the symbol is the i32 that the buffer holds.
struct Define {
  std::string symbol;
  BufferId buffer = 0;
};
/// Where the i64 that the buffer holds is not in the range, the entry ends with an error.
struct Check {
  BufferId buffer = 0;
  expr::Expr min = 0, max = 0;  ///< within i32
  std::string what;             ///< the model's tensor
  std::string source;           ///< the model's node
};
/// The statements up to the end of it, again and again.
struct Loop {
  std::string index;                       ///< a symbol
  expr::Expr trips = 0;                    ///< at most; not negative
  std::optional<BufferId> condition = {};  ///< a boolean; it goes on while it is true
};
/// The statements up to the end of it, where the boolean that the buffer holds is true.
struct If {
  BufferId condition = 0;
};
struct End {};
/// A tensor that a custom statement reads or writes.
struct Operand {
  BufferId buffer = 0;
  expr::Expr offset = 0;  ///< bytes into it
  DType dtype = DType::i32;
  std::vector<expr::Expr> shape;

  expr::Expr bytes() const;
};
/// What only the caller can do, by its name (graph/custom.hpp).
struct Custom {
  std::string name;
  std::vector<std::string> arguments;
  std::vector<Operand> inputs;
  Operand output;
  std::string source;  ///< the model's node
};
using Statement = std::variant<Call, Fill, Copy, Load, Define, Check, Custom, Loop, If, End>;

struct Entry {
  std::string name;  ///< "prepare", "run"
  std::vector<Statement> statements;
};

using Symbols = std::map<std::string, expr::Variable, std::less<>>;
using SymbolValues = std::map<std::string, int64_t, std::less<>>;

struct Program {
  Symbols symbols;
  std::vector<Buffer> buffers;
  std::vector<loops::Kernel> kernels;
  std::vector<Entry> entries;  ///< prepare, run
  /// What the caller wants to know once it has chosen the symbols: the extents of outputs. Not in the text.
  std::vector<expr::Expr> answers;
};

/// For each statement: of a loop or an if the place of its end, of an end the place of what it ends, else its
/// own. Nothing where they do not nest.
std::optional<std::vector<size_t>> matching(const std::vector<Statement>& statements);

/// Whether the symbol is the index of a loop.
bool is_index(const Program& program, std::string_view symbol);
/// Whether there are loops or ifs.
bool has_jumps(const Program& program);

/// How to run an entry on some memory.
struct Machine {
  std::function<int64_t(const expr::Expr&)> value;
  std::function<bool(BufferId)> truth;
  std::function<void(const std::string& symbol, int64_t value)> set;
  std::function<bool(const Statement&)> run;  ///< anything but loop, if and end; false ends the entry
};
/// Runs the statements in the order that loops and ifs ask for. They must nest.
void execute(const std::vector<Statement>& statements, const Machine& machine);

/// Whether statements define the symbol, or count with it; else the caller chooses it.
bool is_defined(const Program& program, std::string_view symbol);

/// The greatest value of an expression over the symbols, at least 0.
uint64_t greatest(const expr::Expr& e);

std::string print(const Program& program);
Result<Program> parse(std::string_view text);
/// Ids in range, buffer sizes cover what the kernels declare, blocks match the kernel, every arena buffer is
/// written before it is read, calls stay in the part of a weight that is loaded, and, once placed, no two
/// buffers that are live at once overlap and all lie below 2^32. A failure is a compiler bug.
Result<void> verify(const Program& program);

/// Memory contents by buffer; evaluation of one entry with loops::evaluate. The reference for the module's
/// step(). Weights that statements load are given whole; what the last load left is in `contents` afterwards.
/// Custom statements need the strings; what they cannot do is a bug of the caller's. The result is the check
/// that ended the entry, if one did.
using Contents = std::vector<std::vector<uint8_t>>;
std::optional<Check> evaluate(const Program& program, std::string_view entry, Contents& contents,
                              const SymbolValues& symbols = {}, graph::Strings* strings = nullptr);
bool has_checks(const Program& program);

/// Makes kernels that differ only in names one, and renumbers the calls: equal signature, shared code.
Program share_kernels(Program program);

struct MemoryPlan {
  uint64_t static_end = 0;     ///< after tables and params (address 0 up)
  uint64_t weights_bytes = 0;  ///< weights that run reads, and prepared tensors: live for ever
  uint64_t arena_bytes =
      0;  ///< the greatest extent of everything else (inputs, outputs, arena, weights only prepare reads)
  uint64_t peak_live_bytes =
      0;  ///< the largest sum of live arena bytes over time: what an ideal planner could reach
  uint64_t fixed_bytes = 0;  ///< linear memory needed before any symbol is chosen
  uint64_t total_bytes = 0;  ///< linear memory needed, for the greatest symbols
};
/// Gives every buffer an address from `static_end` on, 64-byte aligned: first what lives for ever, then the
/// arena, in which buffers that are not live at once share bytes (greedy by size, best fit over lifetimes).
/// Inputs and outputs live through all of run. Weights that only `prepare` reads lie in the arena. Fails with
/// `limit` when the total passes 4 GiB.
Result<MemoryPlan> place_buffers(Program& program, uint64_t static_end);

}  // namespace weft::plan
