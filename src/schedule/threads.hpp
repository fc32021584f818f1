// The steps of a GPU schedule, `threads` and `stage`: what they ask of the nest, and the tiles that a stage
// step makes.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "loops/stage.hpp"
#include "schedule/nest.hpp"

namespace weft::schedule {

/// The original axes that decide this one, sorted.
std::set<std::string> bases(const Nest& nest, const std::string& axis);

/// Whether one `threads` loop at most is asked for, and it can be one; called once all steps are applied.
Result<void> check_threads(const Nest& nest);

/// One tensor's tile in workgroup memory. Its points are those of the loops inside `axis` that the tensor's
/// access depends on; the value of each is what the access reads there (padding included).
struct StagedTile {
  std::string axis;               ///< the loop at whose top the tile is filled
  loops::Value access;            ///< the one access to the tensor
  std::vector<std::string> dims;  ///< axes of the nest or parts of its loops, outermost first
  std::vector<int64_t> extents;   ///< parallel to dims
  std::vector<std::string> axes;  ///< of the stage, that the access depends on
  std::vector<const Step*>
      tails;  ///< guarded splits that decide whether a point exists; into nest.derivations
  int64_t elements() const;
  /// Element index of a point.
  expr::Expr index(const std::function<expr::Expr(const std::string&)>& value_of) const;
};

/// The tiles that the `stage` steps ask for. invalid_argument when one cannot be: more than one access to the
/// tensor, an axis that is no loop outside the threads, points that the loops inside do not give.
Result<std::vector<StagedTile>> plan_tiles(const loops::Stage& stage, const Nest& nest);

/// The loops that fill a tile with the workgroup's threads: each takes every `threads`-th element. `element`
/// gives the statements that store one element, from the values of the tile's dims.
///   for t threads { for copy { if copy * threads + t < elements { tile[…] = … } } }
using StoreElement =
    std::function<loops::Block(const expr::Expr& element, const std::vector<expr::Expr>& dims)>;
loops::Statement fill_tile(const StagedTile& tile, const NestLoop& threads, int64_t thread_count,
                           const std::string& copy_variable, const StoreElement& store);

}  // namespace weft::schedule
