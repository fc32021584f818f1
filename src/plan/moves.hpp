// Memory by the need: what place_buffers stacks for the greatest symbols stays stacked in that order for
// smaller ones, each buffer as low as those below it leave room. So the bound of a dimension is only the most
// that a program may take.
//
// A buffer of the arena lies on all buffers that live at some time with it and have lower addresses. Its
// address is the highest of their ends; it moves when one of these depends on symbols. By induction no buffer
// lies higher than for the greatest symbols, and no two that live at once overlap.
#pragma once

#include <vector>

#include "plan/program.hpp"

namespace weft::plan {

inline constexpr uint64_t kAlignment = 64;  ///< of buffers, bytes

/// A buffer whose address depends on symbols: the highest end of `on`.
struct Move {
  BufferId buffer = 0;
  std::vector<BufferId> on;
};

struct Moves {
  std::vector<Move> moves;        ///< what one lies on comes before it
  std::vector<BufferId> growing;  ///< buffers whose end, with slack, depends on symbols
  uint64_t fixed_bytes = 0;       ///< the highest end, with slack, of all others
};

/// Of a placed program.
Moves moves_of(const Program& program);

/// Bytes that the buffer takes: an expression over symbols that the caller chooses. Symbols that the program
/// computes while buffers hold something count as the greatest.
expr::Expr room_of(const Program& program, const Buffer& buffer);
/// The same in units of kAlignment, rounded up.
expr::Expr units_of(const Program& program, const Buffer& buffer);

/// By buffer, its address for these symbols; last the bytes of memory that they take. The reference for the
/// kernel that plan/tables.hpp makes.
std::vector<uint64_t> addresses_of(const Program& program, const SymbolValues& symbols);

}  // namespace weft::plan
