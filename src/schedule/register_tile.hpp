// Which tile of a sum of products stays in registers.
#pragma once

#include "schedule/rules_classes.hpp"

namespace weft::schedule {

/// The tile for `rows` rows and `columns` columns in all: of the machine's tiles the one that wastes the
/// least on the columns that are left over; taller or wider than those when there are too few columns or rows
/// to fill it.
RegisterTile register_tile(int64_t rows, int64_t columns, const Machine& machine);

}  // namespace weft::schedule
