// What the schedule rules ask about a stage.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "loops/stage.hpp"
#include "loops/storage.hpp"

namespace weft::schedule {

/// The `access` nodes in a value, each once, in evaluation order.
std::vector<loops::Value> accesses(const loops::Value& value);

/// The two factors of a stage that is one sum of products, acc = muladd(a, b, acc).
struct Product {
  loops::Value a, b;
};
std::optional<Product> sum_of_products(const loops::Stage& stage);

bool uses(const loops::Value& value, const std::string& axis);
/// The one index of an access that uses `axis`, when it does so with coefficient 1.
std::optional<uint32_t> axis_position(const loops::Value& access, const std::string& axis);

/// Whether the predicate of an access is false only where its indices leave a tensor of this shape. A
/// transposed convolution's is false between its strides too.
bool tests_only_bounds(const loops::Value& access, const std::vector<expr::Expr>& shape);

/// The extent that decisions count with: of one that depends on symbols the greatest, and 2 at least.
int64_t extent_of(const loops::Axis& axis);

/// Spatial axes whose place decides which expression is computed: selects ask for nothing else. Gives the
/// period of that choice, by axis (the extent when it does not repeat); written out, the selects fold away.
/// An extent that depends on symbols is a multiple of the period.
std::map<std::string, int64_t> deciding_axes(const loops::Stage& stage);

/// The loops that walk a storage in memory order, outermost first: axes of the stage (axis "x" of a blocked
/// dim appears as its block size).
struct StorageLoop {
  uint32_t axis;  ///< logical axis of the tensor
  int64_t block;  ///< > 1: this axis is split by it; the loop is the outer part when `outer`, else the inner
  bool outer;
};
std::vector<StorageLoop> storage_order(const loops::Storage& storage);

/// Whether data decides where the stage writes (scatter): its points may meet, so their order is part of what
/// it computes.
bool writes_by_data(const loops::Stage& stage);

}  // namespace weft::schedule
