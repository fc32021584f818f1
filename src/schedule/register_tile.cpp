#include "schedule/register_tile.hpp"

#include <algorithm>

namespace weft::schedule {
namespace {

/// So many sums must run side by side before the latency of an addition is hidden.
constexpr int64_t kSumsInFlight = 8;
/// Wider panels bring nothing more.
constexpr int64_t kMostColumnVectors = 8;
constexpr int64_t kMostRows = 12;

/// Registers that hold `columns` columns of a row: full vectors, and what is left one by one.
int64_t column_registers(int64_t columns, const Machine& machine) {
  return columns / machine.lanes + columns % machine.lanes;
}

/// Registers in use in the inner loop: the sums, a row of columns, one element of the rows.
int64_t registers_of(const RegisterTile& tile, const Machine& machine) {
  const int64_t columns = column_registers(tile.columns, machine);
  return tile.rows * columns + columns + 1;
}

/// Time of a step of the sum, in units of one element at full speed. The last tile of rows does some rows
/// again; the columns left over leave registers idle.
double cost(const RegisterTile& tile, int64_t rows, int64_t columns, const Machine& machine) {
  const int64_t rest = columns % tile.columns;
  int64_t units = (columns - rest) * tile.rows;
  if (rest > 0) units += machine.lanes * std::max(kSumsInFlight, tile.rows * column_registers(rest, machine));
  const int64_t tiles = (rows + tile.rows - 1) / tile.rows;
  return static_cast<double>(tiles * units) / tile.speed;
}

}  // namespace

RegisterTile register_tile(int64_t rows, int64_t columns, const Machine& machine) {
  const RegisterTile& first = machine.tiles.front();
  RegisterTile best = first;
  for (const RegisterTile& tile : machine.tiles)
    if (cost(tile, rows, columns, machine) < cost(best, rows, columns, machine)) best = tile;
  const int64_t budget = registers_of(first, machine);
  if (rows == 1) {  // each vector of columns is used once: it need not stay
    best = {1, std::min(kMostColumnVectors, budget - 2) * machine.lanes, 1};
  } else if (rows < best.rows && rows < first.rows) {
    const int64_t vectors = std::min(kMostColumnVectors, (budget - 1) / (rows + 1));
    best = {rows, vectors * machine.lanes, 1};
  } else if (columns < best.columns) {
    const int64_t registers = column_registers(columns, machine);
    best = {std::clamp((budget - 1 - registers) / registers, best.rows, kMostRows), columns, 1};
  }
  return {std::min(best.rows, rows), std::min(best.columns, columns), 1};
}

}  // namespace weft::schedule
