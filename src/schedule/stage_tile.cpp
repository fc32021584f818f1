// stage x at k
//   for k { for t threads { for i { … x[k, t, i] … } } }  ->
//   for k {
//     for t threads { for copy { x.tile[copy, t] = x[…] } }
//     for t threads { for i { … x.tile[t, i] … } }
//   }
// The tile is indexed by loops, not by the tensor's coordinates: a convolution's window is unrolled into it,
// and its padding is filled in.
#include <algorithm>

#include "base/check.hpp"
#include "schedule/analysis.hpp"
#include "schedule/threads.hpp"

namespace weft::schedule {
namespace {

using expr::Expr;
using loops::Value;

class TilePlanner {
 public:
  TilePlanner(const loops::Stage& stage, const Nest& nest, const Step& step)
      : stage_(stage), nest_(nest), step_(step) {}

  Result<StagedTile> run() {
    StagedTile tile;
    tile.axis = step_.axes[0];
    WEFT_TRY(find_loops());
    WEFT_ASSIGN(access, only_access());
    tile.access = access;
    for (const std::vector<loops::Axis>* axes : {&stage_.spatial, &stage_.reduction})
      for (const loops::Axis& axis : *axes)
        if (used_in(access, axis.name)) used_.insert(axis.name);
    for (const std::vector<loops::Axis>* axes : {&stage_.spatial, &stage_.reduction})
      for (const loops::Axis& axis : *axes)
        if (used_.contains(axis.name)) WEFT_TRY(add_dims(axis.name, tile));
    tile.axes.assign(used_.begin(), used_.end());
    for (const Step& step : nest_.derivations)
      if (step.kind == StepKind::split && step.tail == Tail::guard && only_used(step.axes[0]))
        tile.tails.push_back(&step);
    return tile;
  }

 private:
  std::unexpected<Error> bad(const std::string& message) const {
    return fail(ErrorKind::invalid_argument, "schedule: stage of " + step_.tensor + " " + message);
  }

  Result<void> find_loops() {
    bool inside = false, threads = false;
    for (const NestLoop& loop : nest_.loops) {
      if (inside) inner_.insert(loop.axis);
      if (loop.kind == loops::ForKind::threads) {
        if (!inside) return bad("asks for a loop outside the threads");
        threads = true;
      }
      inside = inside || loop.axis == step_.axes[0];
    }
    if (!inside) return bad("at " + step_.axes[0] + ", which is no loop");
    if (!threads) return bad("without threads");
    return {};
  }

  Result<Value> only_access() const {
    if (!stage_.bindings.empty()) return bad("whose indices come from data");
    std::vector<Value> found;
    for (const loops::FoldState& state : stage_.fold)
      for (const Value& access : accesses(state.update))
        if (stage_.tensors[access->buffer].name == step_.tensor) found.push_back(access);
    if (found.size() != 1) return bad("asks for one access, there are " + std::to_string(found.size()));
    return found[0];
  }

  static bool used_in(const Value& access, const std::string& axis) {
    if (access->predicate && expr::uses(*access->predicate, axis)) return true;
    return std::ranges::any_of(access->indices, [&](const Expr& e) { return expr::uses(e, axis); });
  }

  bool only_used(const std::string& axis) const {
    return std::ranges::all_of(bases(nest_, axis), [&](const auto& base) { return used_.contains(base); });
  }

  /// Whether some loop inside the stage's decides this axis.
  bool varies(const std::string& axis) const {
    if (inner_.contains(axis)) return true;
    const Step* step = consumer(axis);
    return step && std::ranges::any_of(step->results, [&](const auto& result) { return varies(result); });
  }

  const Step* consumer(const std::string& axis) const {
    for (const Step& step : nest_.derivations)
      if (std::ranges::find(step.axes, axis) != step.axes.end()) return &step;
    return nullptr;
  }

  void add_dim(const std::string& axis, StagedTile& tile) const {
    if (std::ranges::find(tile.dims, axis) != tile.dims.end()) return;
    tile.dims.push_back(axis);
    tile.extents.push_back(*constant_extent(nest_, axis));
  }

  /// The parts of an axis that vary inside: its own loop; parts of a split; all of what it was fused into
  /// when the access depends on nothing else there, else the part that it has of one loop.
  Result<void> add_dims(const std::string& axis, StagedTile& tile) const {
    if (!varies(axis)) return {};
    const Step* step = consumer(axis);
    if (!step) {
      add_dim(axis, tile);
      return {};
    }
    if (step->kind == StepKind::split) {
      if (step->tail == Tail::peel && *constant_extent(nest_, axis) % step->factor)
        return bad("asks for tiles of one size, but " + axis + " is peeled");
      for (const std::string& part : step->results) WEFT_TRY(add_dims(part, tile));
      return {};
    }
    if (only_used(step->results[0])) return add_dims(step->results[0], tile);
    if (!inner_.contains(step->results[0])) return bad("depends on a part of " + step->results[0]);
    add_dim(axis, tile);
    return {};
  }

  const loops::Stage& stage_;
  const Nest& nest_;
  const Step& step_;
  std::set<std::string> inner_;  ///< loops inside the stage's
  std::set<std::string> used_;   ///< the stage's own axes that the access depends on
};

}  // namespace

int64_t StagedTile::elements() const {
  int64_t product = 1;
  for (const int64_t extent : extents) product *= extent;
  return product;
}

Expr StagedTile::index(const std::function<Expr(const std::string&)>& value_of) const {
  Expr index(0);
  for (size_t i = 0; i < dims.size(); ++i) index = index * extents[i] + value_of(dims[i]);
  return index;
}

Result<std::vector<StagedTile>> plan_tiles(const loops::Stage& stage, const Nest& nest) {
  std::vector<StagedTile> tiles;
  for (const Step& step : nest.stages) {
    WEFT_ASSIGN(tile, TilePlanner(stage, nest, step).run());
    for (const StagedTile& other : tiles)
      if (other.access->buffer == tile.access->buffer)
        return fail(ErrorKind::invalid_argument, "schedule: stage of " + step.tensor + " twice");
    tiles.push_back(std::move(tile));
  }
  return tiles;
}

loops::Statement fill_tile(const StagedTile& tile, const NestLoop& threads, int64_t thread_count,
                           const std::string& copy_variable, const StoreElement& store) {
  const int64_t copies = (tile.elements() + thread_count - 1) / thread_count;
  const Expr thread = loops::loop_variable(threads.axis, thread_count);
  const bool whole = tile.elements() % thread_count == 0;
  const Expr element =
      copies == 1 ? thread : loops::loop_variable(copy_variable, copies) * thread_count + thread;
  std::vector<Expr> dims(tile.dims.size());
  Expr rest = element;
  for (size_t i = tile.dims.size(); i-- > 0;) {
    // The outermost wraps too where the last copy passes the tile's end, so that its range is known.
    dims[i] = i == 0 && whole ? rest : expr::mod(rest, tile.extents[i]);
    rest = expr::floor_div(rest, tile.extents[i]);
  }
  loops::Block body = store(element, dims);
  if (!whole) {
    loops::Block guarded;
    guarded.push_back(loops::make_if(expr::less(element, tile.elements()), std::move(body)));
    body = std::move(guarded);
  }
  if (copies != 1) {
    loops::Block loop;
    loop.push_back(loops::make_for(copy_variable, copies, loops::ForKind::serial, std::move(body)));
    body = std::move(loop);
  }
  return loops::make_for(threads.axis, thread_count, loops::ForKind::threads, std::move(body));
}

}  // namespace weft::schedule
