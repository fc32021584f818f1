#include "schedule/apply.hpp"

#include <algorithm>
#include <functional>
#include <ranges>
#include <set>

#include "base/check.hpp"
#include "loops/unused.hpp"
#include "schedule/analysis.hpp"
#include "schedule/nest.hpp"
#include "schedule/padding.hpp"
#include "schedule/threads.hpp"

namespace weft::schedule {
namespace {

using expr::Expr;
using loops::Block;
using loops::ForKind;
using loops::Value;
using loops::ValueOp;
using Bindings = std::map<std::string, Expr, std::less<>>;

/// Where emission stands: the current extent of every axis (a peeled tile is smaller) and the value of every
/// loop around.
struct Place {
  std::map<std::string, Expr> extents;
  Bindings values;
};

using Names = std::vector<std::string>;
using Leaf = std::function<Block(const Place&)>;

void append(Block& block, Block more) {
  block.insert(block.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

class Emitter {
 public:
  Emitter(const loops::Stage& stage, const Nest& nest, const std::vector<loops::Storage>& storages,
          const std::vector<StagedTile>& tiles)
      : stage_(stage), nest_(nest), storages_(storages), staged_(tiles) {
    for (const Step& step : nest.derivations)
      if (step.kind == StepKind::split) splits_[step.results[0]] = &step;
    for (const NestLoop& loop : nest.loops)
      if (loop.kind == ForKind::threads) threads_ = &loop;
    padding_axes_ = padding_axes();
  }

  loops::Kernel run() {
    declare_buffers();
    const Place start{.extents = nest_.extents, .values = {}};
    if (stage_.fold.empty()) {
      kernel_.body = walk(nest_.loops, 0, start, [&](const Place& place) { return store(place, {}); });
    } else {
      const auto first_reduction = std::ranges::find_if(
          nest_.loops, [&](const NestLoop& loop) { return nest_.is_reduction.at(loop.axis); });
      const std::vector<NestLoop> outer(nest_.loops.begin(), first_reduction);
      inner_.assign(first_reduction, nest_.loops.end());
      for (const NestLoop& loop : inner_)
        if (!nest_.is_reduction.at(loop.axis)) tile_.push_back(loop);
      kernel_.body = walk(outer, 0, start, [&](const Place& place) { return fold(place); });
    }
    if (threads_) kernel_ = loops::drop_unused_indices(std::move(kernel_));
    return std::move(kernel_);
  }

 private:
  void declare_buffers() {
    kernel_.name = stage_.name;
    for (size_t i = 0; i < stage_.tensors.size(); ++i) {
      const bool output = i + 1 == stage_.tensors.size();
      kernel_.buffers.push_back(
          {.name = stage_.tensors[i].name,
           .dtype = stage_.tensors[i].dtype,
           .space = output ? loops::BufferSpace::write : loops::BufferSpace::read,
           .elements = storages_[i].elements,
           .slack = output ? 0 : 64 / static_cast<int64_t>(byte_size(stage_.tensors[i].dtype))});
    }
    first_tile_ = static_cast<uint32_t>(kernel_.buffers.size());
    for (const StagedTile& tile : staged_) {
      const loops::TensorOperand& tensor = stage_.tensors[tile.access->buffer];
      kernel_.buffers.push_back({.name = tensor.name + ".tile",
                                 .dtype = tensor.dtype,
                                 .space = loops::BufferSpace::workgroup,
                                 .elements = tile.elements()});
    }
  }

  /// The loops from `depth` on, with `leaf` inside.
  Block walk(const std::vector<NestLoop>& loops, size_t depth, const Place& outer, const Leaf& leaf) {
    Block block;
    Place place = outer;
    if (threads_ && place.values.contains(threads_->axis)) {
      if (const Step* tail = decided_tail(place)) return walk_existing(*tail, loops, depth, place, leaf);
      for (const std::string& axis : padding_axes_)
        if (has_value(axis, place)) bind_fused(axis, place, block);
    }
    append(block, walk_loop(loops, depth, place, leaf));
    return block;
  }

  /// Within threads: the loops from `depth` on, for the points of a guarded split that exist.
  Block walk_existing(const Step& tail, const std::vector<NestLoop>& loops, size_t depth, Place place,
                      const Leaf& leaf) {
    const Expr condition = exists(tail, place);
    if (expr::prove(condition) == false) return {};
    Block body, result;
    bind_axis(tail.axes[0], place, body);
    append(body, walk(loops, depth, place, leaf));
    result.push_back(loops::make_if(condition, std::move(body)));
    return result;
  }

  /// A guarded split whose axis has a value here, but is not known to exist.
  const Step* decided_tail(const Place& place) const {
    for (const Step* tail : guarded_splits(true))
      if (has_value(tail->axes[0], place) && !expr::always(exists(*tail, place))) return tail;
    return nullptr;
  }

  Block walk_loop(const std::vector<NestLoop>& loops, size_t depth, const Place& place, const Leaf& leaf) {
    if (depth == loops.size()) return leaf(place);
    const NestLoop& loop = loops[depth];
    const auto split = splits_.find(loop.axis);
    if (split == splits_.end()) return plain_loop(loops, depth, place, leaf, place.extents.at(loop.axis));
    const Step& step = *split->second;
    const Expr extent = place.extents.at(step.axes[0]);
    const Expr rest = expr::mod(extent, step.factor);
    Place next = place;
    next.extents[step.results[1]] = Expr(step.factor);
    if (step.tail != Tail::peel || rest.is_constant(0)) {
      const Expr tiles = expr::ceil_div(extent, step.factor);
      next.extents[loop.axis] = tiles;
      return plain_loop(loops, depth, next, leaf, tiles);
    }
    return peeled_loop(loops, depth, next, leaf, expr::floor_div(extent, step.factor), rest);
  }

  Block plain_loop(const std::vector<NestLoop>& loops, size_t depth, Place place, const Leaf& leaf,
                   const Expr& extent) {
    const NestLoop& loop = loops[depth];
    if (extent.is_constant(1)) {
      place.values[loop.axis] = Expr(0);
      Block body = stage_tiles(loop.axis, place);
      append(body, walk(loops, depth + 1, place, leaf));
      return body;
    }
    if (extent.is_constant(0)) return {};
    place.values[loop.axis] = loops::loop_variable(loop.axis, extent);
    Block body = stage_tiles(loop.axis, place);
    append(body, walk(loops, depth + 1, place, leaf));
    Block result;
    result.push_back(loops::make_for(loop.axis, extent, loop.kind, std::move(body)));
    return result;
  }

  /// `full` tiles, then the rest, each with code of its own.
  Block peeled_loop(const std::vector<NestLoop>& loops, size_t depth, const Place& place, const Leaf& leaf,
                    const Expr& full, const Expr& rest) {
    const NestLoop& loop = loops[depth];
    if (full.is_constant(0)) return rest_tile(loops, depth, place, leaf, full, rest);
    if (loop.kind != ForKind::blocks) {
      Block result = plain_loop(loops, depth, place, leaf, full);
      append(result, rest_tile(loops, depth, place, leaf, full, rest));
      return result;
    }
    // In this order: walking declares registers, and compilers differ in which argument they evaluate first.
    Block tiles = walk(loops, depth + 1, first_tiles(loop.axis, full, place), leaf);
    Block last = rest_tile(loops, depth, place, leaf, full, rest);
    return blocks_loop(loop.axis, full, std::move(tiles), std::move(last));
  }

  /// One tile of `rest` points; of points one by one when their number depends on symbols.
  Block rest_tile(const std::vector<NestLoop>& loops, size_t depth, Place place, const Leaf& leaf,
                  const Expr& full, const Expr& rest) {
    const Step& step = *splits_.at(loops[depth].axis);
    place.values[step.results[0]] = full;
    if (rest.as_constant()) {
      place.extents[step.results[1]] = rest;
      return walk(loops, depth + 1, place, leaf);
    }
    const std::string name = own_name(step.axes[0] + ".rest");
    place.extents[step.results[1]] = Expr(1);
    place.values[step.axes[0]] = full * step.factor + loops::loop_variable(name, rest);
    Block result;
    result.push_back(loops::make_for(name, rest, ForKind::serial, walk(loops, depth + 1, place, leaf)));
    return result;
  }

  static Place first_tiles(const std::string& axis, const Expr& full, Place place) {
    place.values[axis] = full.is_constant(1) ? Expr(0) : loops::loop_variable(axis, full);
    return place;
  }

  /// The last block is the rest. In the others the axis is a variable of its own, which carries the narrower
  /// range.
  static Block blocks_loop(const std::string& axis, const Expr& full, Block tile, Block rest) {
    const std::string name = axis + ".block";
    const Expr block = loops::loop_variable(name, full + 1);
    Block bound, body, result;
    if (!full.is_constant(1))
      bound.push_back(loops::make_let_index(loops::loop_facts(axis, full), loops::index_value(block)));
    append(bound, std::move(tile));
    body.push_back(loops::make_if(expr::less(block, full), std::move(bound), std::move(rest)));
    result.push_back(loops::make_for(name, full + 1, ForKind::blocks, std::move(body)));
    return result;
  }

  // Points
  // ----------------------------------------------------------------------------------------------------------
  /// An axis of the stage in terms of the loops around.
  Expr axis_value(const std::string& axis, const Place& place) const {
    const auto direct = place.values.find(axis);
    if (direct != place.values.end()) return direct->second;
    for (const Step& step : nest_.derivations) {
      if (std::ranges::find(step.axes, axis) == step.axes.end()) continue;
      if (step.kind == StepKind::fuse) {
        const Expr fused = axis_value(step.results[0], place);
        const Expr inner = place.extents.at(step.axes[1]);
        return axis == step.axes[0] ? expr::floor_div(fused, inner) : expr::mod(fused, inner);
      }
      const Expr outer = axis_value(step.results[0], place);
      const Expr inner = axis_value(step.results[1], place);
      const Expr start = outer * step.factor;
      if (step.tail != Tail::overlap) return start + inner;
      return expr::min(start, place.extents.at(axis) - step.factor) + inner;
    }
    WEFT_UNREACHABLE("an axis without a value");
  }

  /// Whether the loops around decide an axis.
  bool has_value(const std::string& axis, const Place& place) const {
    if (place.values.contains(axis)) return true;
    for (const Step& step : nest_.derivations)
      if (std::ranges::find(step.axes, axis) != step.axes.end())
        return std::ranges::all_of(step.results, [&](const auto& part) { return has_value(part, place); });
    return false;
  }

  Bindings stage_axes(const Place& place, bool with_reduction) const {
    Bindings bindings;
    for (const loops::Axis& axis : stage_.spatial) bindings.emplace(axis.name, axis_value(axis.name, place));
    if (with_reduction)
      for (const loops::Axis& axis : stage_.reduction)
        bindings.emplace(axis.name, axis_value(axis.name, place));
    return bindings;
  }

  static Names names(const std::vector<loops::Axis>& axes) {
    Names result;
    for (const loops::Axis& axis : axes) result.push_back(axis.name);
    return result;
  }

  std::vector<const Step*> guarded_splits(bool with_reduction) const {
    std::vector<const Step*> tails;
    for (const Step& step : nest_.derivations)
      if (step.kind == StepKind::split && step.tail == Tail::guard &&
          (with_reduction || !nest_.is_reduction.at(step.axes[0])))
        tails.push_back(&step);
    return tails;
  }

  Expr exists(const Step& step, const Place& place) const {
    return expr::less(axis_value(step.axes[0], place), place.extents.at(step.axes[0]));
  }

  /// The points of guarded splits that exist.
  Block guarded(const Place& place, bool with_reduction, const Leaf& leaf) {
    Names axes = names(stage_.spatial);
    if (with_reduction) std::ranges::copy(names(stage_.reduction), std::back_inserter(axes));
    return guarded(place, guarded_splits(with_reduction), axes, leaf);
  }

  Block guarded(const Place& place, const std::vector<const Step*>& tails, const Names& axes,
                const Leaf& leaf) {
    Expr condition(1);
    for (const Step* step : tails) condition = expr::logical_and(condition, exists(*step, place));
    const std::optional<bool> known = expr::prove(condition);
    if (known == false) return {};
    Block body, result;
    const Place inside = threads_ ? bind_axes(place, tails, axes, body) : place;
    append(body, leaf(inside));
    if (known == true) return body;
    result.push_back(loops::make_if(condition, std::move(body)));
    return result;
  }

  /// Threads run over fused axes. Inside the condition, those that were guarded and those that decide about
  /// padding are variables of their own, which carry the range of what exists.
  Place bind_axes(Place place, const std::vector<const Step*>& tails, const Names& axes, Block& block) {
    for (const Step* step : std::views::reverse(tails))
      if (!expr::always(exists(*step, place))) bind_axis(step->axes[0], place, block);
    for (const std::string& axis : axes)
      if (padding_axes_.contains(axis)) bind_fused(axis, place, block);
    return place;
  }

  void bind_fused(const std::string& axis, Place& place, Block& block) {
    const expr::Kind kind = axis_value(axis, place).kind();
    if (kind != expr::Kind::constant && kind != expr::Kind::variable) bind_axis(axis, place, block);
  }

  void bind_axis(const std::string& axis, Place& place, Block& block) {
    const expr::Variable variable = loops::loop_facts(own_name(axis), place.extents.at(axis));
    block.push_back(loops::make_let_index(variable, loops::index_value(axis_value(axis, place))));
    place.values[axis] = expr::variable(variable.name, variable.range);
  }

  /// The axes that predicates of accesses use.
  std::set<std::string> padding_axes() const {
    std::set<std::string> found;
    const auto add = [&](const Value& value) {
      for (const Value& access : accesses(value))
        if (access->predicate) found.merge(expr::variables(*access->predicate));
    };
    add(stage_.result);
    for (const loops::FoldState& state : stage_.fold) add(state.update);
    return found;
  }

  // Tiles in workgroup memory
  // -----------------------------------------------------------------------------------------
  Block stage_tiles(const std::string& axis, const Place& place) {
    Block block;
    for (size_t i = 0; i < staged_.size(); ++i)
      if (staged_[i].axis == axis) block.push_back(fill(staged_[i], first_tile_ + i, place));
    return block;
  }

  loops::Statement fill(const StagedTile& tile, size_t buffer, const Place& outer) {
    const std::string copy = stage_.tensors[tile.access->buffer].name + ".copy";
    return fill_tile(
        tile, *threads_, *constant_extent(nest_, threads_->axis), copy,
        [&](const Expr& element, const std::vector<Expr>& dims) {
          Place place = outer;
          for (size_t i = 0; i < dims.size(); ++i) place.values[tile.dims[i]] = dims[i];
          return guarded(place, tile.tails, tile.axes, [&](const Place& inside) {
            Block block;
            block.push_back(loops::make_store(static_cast<uint32_t>(buffer), element,
                                              concrete(tile.access, used_axes(tile, inside), {})));
            return block;
          });
        });
  }

  /// The axes that a tile's access depends on; the others have no value where it is filled.
  Bindings used_axes(const StagedTile& tile, const Place& place) const {
    Bindings bindings;
    for (const std::string& axis : tile.axes) bindings.emplace(axis, axis_value(axis, place));
    return bindings;
  }

  /// The value with what was staged read from its tile.
  Value from_tiles(const Value& value, const Place& place) const {
    if (staged_.empty()) return value;
    return loops::rewrite(value, [&](const Value& v) -> Value {
      for (size_t i = 0; i < staged_.size(); ++i)
        if (v->op == ValueOp::access && v->buffer == staged_[i].access->buffer)
          return loops::load(v->type, first_tile_ + static_cast<uint32_t>(i),
                             staged_[i].index([&](const auto& axis) { return axis_value(axis, place); }));
      return v;
    });
  }

  /// Accesses become loads, axes become loop expressions, fold states become registers.
  Value concrete(const Value& value, const Bindings& bindings,
                 const std::map<std::string, Value>& states) const {
    return loops::rewrite(value, [&](const Value& v) -> Value {
      if (v->op == ValueOp::access) return concrete_access(v, bindings);
      if (v->op == ValueOp::index)
        return loops::index_value(expr::substitute(v->indices[0], bindings), v->type.dtype);
      if (v->op == ValueOp::local) {
        const auto state = states.find(v->name);
        return state == states.end() ? v : state->second;
      }
      return v;
    });
  }

  Value concrete_access(const Value& v, const Bindings& bindings) const {
    const loops::Storage& storage = storages_[v->buffer];
    std::vector<Expr> indices;
    for (const Expr& index : v->indices) indices.push_back(expr::substitute(index, bindings));
    const Expr flat = loops::element_index(storage, indices);
    if (!v->predicate) return loops::load(v->type, v->buffer, flat);
    const Expr predicate = expr::substitute(*v->predicate, bindings);
    const std::optional<bool> known = expr::prove(predicate);
    if (known == true ||
        (zero_outside(v) && (inside_halo(v->buffer, indices, indices) || stays_inside_halo(v))))
      return loops::load(v->type, v->buffer, flat);
    if (known == false) return v->operands[0];
    return loops::load_if(v->type, v->buffer, flat, predicate, v->operands[0]);
  }

  bool zero_outside(const Value& access) const {
    const Value& other = access->operands[0];
    return other->op == ValueOp::constant && other->bits == 0 &&
           tests_only_bounds(access, stage_.tensors[access->buffer].shape);
  }

  /// Whether all that lies between these points is in the tensor or in its zero-filled halo.
  bool inside_halo(uint32_t tensor, const std::vector<Expr>& least, const std::vector<Expr>& most) const {
    const loops::Storage& storage = storages_[tensor];
    if (!loops::has_halo(storage)) return false;
    for (size_t axis = 0; axis < least.size(); ++axis) {
      const Expr low = least[axis] + storage.halo_begin[axis];
      const Expr high = most[axis] - stage_.tensors[tensor].shape[axis] - storage.halo_end[axis];
      if (!expr::always(expr::less_equal(0, low)) || !expr::always(expr::less(high, 0))) return false;
    }
    return true;
  }

  /// Whether every point that the stage reads does: where extents depend on symbols, its axes say more than
  /// what loops compute for them.
  bool stays_inside_halo(const Value& access) const {
    const auto is_padded = [](const Step& step) {
      return step.kind == StepKind::split && step.tail == Tail::pad;
    };
    if (std::ranges::any_of(nest_.derivations, is_padded)) return false;
    std::vector<Expr> least, most;
    for (const Expr& index : access->indices) {
      const expr::Linear sum = expr::linear(index);
      Expr low(sum.constant), high(sum.constant);
      for (const expr::Term& term : sum.terms) {
        const Expr factor(term.coefficient);
        const std::optional<Expr> last = last_of(term.atom);
        low = low + factor * (last ? (term.coefficient > 0 ? Expr(0) : *last) : term.atom);
        high = high + factor * (last ? (term.coefficient > 0 ? *last : Expr(0)) : term.atom);
      }
      least.push_back(low);
      most.push_back(high);
    }
    return inside_halo(access->buffer, least, most);
  }

  /// The greatest value of an axis of the stage.
  std::optional<Expr> last_of(const Expr& atom) const {
    if (atom.kind() != expr::Kind::variable) return std::nullopt;
    for (const std::vector<loops::Axis>* axes : {&stage_.spatial, &stage_.reduction})
      for (const loops::Axis& axis : *axes)
        if (axis.name == atom.node().variable.name) return axis.extent - 1;
    return std::nullopt;
  }

  /// Points may lie side by side in one block (a tile and its rest), so each binds names of its own.
  std::string own_name(const std::string& name) {
    const int64_t count = bound_[name]++;
    return count == 0 ? name : name + "." + std::to_string(count);
  }

  void bind_indices(Block& block, Bindings& bindings, const std::map<std::string, Value>& states) {
    for (const loops::IndexBinding& binding : stage_.bindings) {
      expr::Variable variable = binding.variable;
      variable.name = own_name(binding.variable.name);
      block.push_back(loops::make_let_index(variable, concrete(binding.value, bindings, states)));
      bindings.insert_or_assign(binding.variable.name,
                                expr::variable(variable.name, variable.range, variable.multiple_of));
    }
  }

  Block store(const Place& place, const std::map<std::string, Value>& states) {
    return guarded(place, false, [&](const Place& inside) { return store_point(inside, states); });
  }

  Block store_point(const Place& place, const std::map<std::string, Value>& states) {
    Bindings bindings = stage_axes(place, false);
    Block block;
    if (stage_.fold.empty()) bind_indices(block, bindings, states);
    std::vector<Expr> indices;
    for (const Expr& index : stage_.output_indices) indices.push_back(expr::substitute(index, bindings));
    const auto output = static_cast<uint32_t>(stage_.tensors.size() - 1);
    block.push_back(loops::make_store(output, loops::element_index(storages_[output], indices),
                                      concrete(stage_.result, bindings, states)));
    return block;
  }

  // Folds
  // -----------------------------------------------------------------------------------------------------------
  struct Registers {
    std::vector<uint32_t> buffers;  ///< one per fold state
  };

  Registers declare_registers(const Place& place) {
    Expr elements(1);
    for (const NestLoop& loop : tile_) elements = elements * tile_extent(loop.axis, place);
    Registers registers;
    const std::string suffix = tiles_++ == 0 ? "" : "." + std::to_string(tiles_ - 1);
    for (const loops::FoldState& state : stage_.fold) {
      registers.buffers.push_back(static_cast<uint32_t>(kernel_.buffers.size()));
      kernel_.buffers.push_back({.name = state.name + suffix,
                                 .dtype = state.type.dtype,
                                 .space = loops::BufferSpace::registers,
                                 .elements = elements});
    }
    return registers;
  }

  /// A split's parts that lie both inside the tile use their greatest extents: their peeled rest shares the
  /// registers.
  Expr tile_extent(const std::string& axis, const Place& place) const {
    return splits_.contains(axis) ? nest_.extents.at(axis) : place.extents.at(axis);
  }

  Expr tile_index(const Place& tile_place, const Place& place) const {
    Expr index(0);
    for (const NestLoop& loop : tile_)
      index = index * tile_extent(loop.axis, tile_place) + place.values.at(loop.axis);
    return index;
  }

  std::map<std::string, Value> load_states(const Registers& registers, const Expr& index) const {
    std::map<std::string, Value> states;
    for (size_t i = 0; i < stage_.fold.size(); ++i)
      states.emplace(stage_.fold[i].name, loops::load(stage_.fold[i].type, registers.buffers[i], index));
    return states;
  }

  Block fold(const Place& outer) {
    const Registers registers = declare_registers(outer);
    const auto init = [&](const Place& place) {
      Block block;
      for (size_t i = 0; i < stage_.fold.size(); ++i)
        block.push_back(loops::make_store(registers.buffers[i], tile_index(outer, place),
                                          concrete(stage_.fold[i].init, stage_axes(place, false), {})));
      return block;
    };
    const auto step = [&](const Place& place) { return update(registers, outer, place); };
    Block block = walk(tile_, 0, outer, [&](const Place& place) { return guarded(place, false, init); });
    append(block, walk(inner_, 0, outer, [&](const Place& place) { return guarded(place, true, step); }));
    append(block, walk(tile_, 0, outer, [&](const Place& place) {
             return store(place, load_states(registers, tile_index(outer, place)));
           }));
    return block;
  }

  Block update(const Registers& registers, const Place& outer, const Place& place) {
    Bindings bindings = stage_axes(place, true);
    const Expr index = tile_index(outer, place);
    const auto states = load_states(registers, index);
    Block block;
    bind_indices(block, bindings, states);
    // Several states are updated from their old values at once: compute all, then store.
    std::vector<Value> updates;
    for (const loops::FoldState& state : stage_.fold) {
      Value value = concrete(from_tiles(state.update, place), bindings, states);
      if (stage_.fold.size() > 1) {
        const std::string name = own_name("next." + state.name);
        block.push_back(loops::make_let(name, value));
        value = loops::local(state.type, name);
      }
      updates.push_back(std::move(value));
    }
    for (size_t i = 0; i < updates.size(); ++i)
      block.push_back(loops::make_store(registers.buffers[i], index, updates[i]));
    return block;
  }

  const loops::Stage& stage_;
  const Nest& nest_;
  const std::vector<loops::Storage>& storages_;
  const std::vector<StagedTile>& staged_;
  uint32_t first_tile_ = 0;            ///< buffer of the first staged tile
  const NestLoop* threads_ = nullptr;  ///< may be none
  std::set<std::string> padding_axes_;
  loops::Kernel kernel_;
  std::map<std::string, const Step*> splits_;  ///< by outer part
  std::vector<NestLoop> inner_, tile_;         ///< from the outermost reduction loop on; its spatial loops
  int64_t tiles_ = 0;
  std::map<std::string, int64_t> bound_;  ///< how often a name was bound
};

}  // namespace

Result<loops::Kernel> apply(const loops::Stage& stage, const Schedule& schedule,
                            const std::vector<loops::Storage>& storages) {
  WEFT_CHECK(storages.size() == stage.tensors.size(), stage.name);
  WEFT_ASSIGN(nest, build_nest(stage, schedule));
  WEFT_TRY(check_padding(stage, nest, storages));
  WEFT_ASSIGN(tiles, plan_tiles(stage, nest));
  return Emitter(stage, nest, storages, tiles).run();
}

}  // namespace weft::schedule
