#include "compile/build_program.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "compile/layout.hpp"
#include "compile/stream.hpp"
#include "compile/views.hpp"
#include "loops/in_place.hpp"
#include "loops/symbols.hpp"
#include "loops/unroll.hpp"
#include "loops/vectorize.hpp"
#include "lower/lower.hpp"
#include "plan/aliasing.hpp"
#include "schedule/analysis.hpp"
#include "schedule/apply.hpp"
#include "schedule/source_order.hpp"

namespace weft::compile {
namespace {

using graph::ValueId;
using loops::Stage;
using loops::Storage;
using lower::Group;
using plan::BufferId;
using plan::BufferKind;
using plan::Call;
using plan::Copy;
using plan::Fill;
using plan::KernelId;
using plan::Statement;

/// A value in one storage: a buffer that some kernel or the loader has filled.
struct Placement {
  Storage storage;
  BufferId buffer = 0;
};

/// Most kernel calls per statement; fewer when there are fewer blocks or little to do. Many short calls let
/// the engine swap in optimised code and the caller stop in between; each costs the kernel's prologue.
constexpr uint64_t kCallsPerStatement = 16;
/// Points that are worth a call of their own.
constexpr uint64_t kPointsPerCall = 1 << 14;

/// At most.
uint64_t points(const Stage& stage) {
  expr::Expr count(1);
  for (const loops::Axis& axis : stage.spatial) count = count * axis.extent;
  for (const loops::Axis& axis : stage.reduction) count = count * axis.extent;
  return plan::greatest(count);
}

class Builder {
 public:
  Builder(const graph::Graph& g, const BuildOptions& options, const Dump& dump)
      : g_(g),
        options_(options),
        dump_(dump),
        groups_(lower::collect_groups(g)),
        layout_(choose_layout(g, groups_, options.share_memory)) {
    built_.program.entries = {{"prepare", {}}, {"run", {}}};
    built_.program.symbols = g.symbols;
    if (!g.symbols.empty())
      for (const graph::Port& port : g.outputs)
        if (!is_state(port.name, &passes::State::output))
          for (const expr::Expr& extent : g.values[port.value].type.shape)
            built_.program.answers.push_back(extent);
    for (const Group& group : groups_)
      for (const ValueId input : group.inputs) ++readers_[input];
    for (const ValueId value : graph::results(g_)) ++readers_[value];
    for (const auto& entry : layout_.wholes) parts_[layout_.root(entry.first)].push_back(entry.first);
  }

  Result<BuiltProgram> run() {
    for (const graph::Port& port : g_.inputs) add_input_buffer(port);
    for (const graph::Port& port : g_.outputs) add_output_buffer(port);
    for (const graph::Port& port : g_.inputs) WEFT_TRY(define(port.value));
    for (const auto& constant : g_.constants) WEFT_TRY(define(constant.first));
    for (const Group& group : groups_) {
      WEFT_TRY(group.constant ? add_constant(group) : add_group(group));
      WEFT_TRY(define(group.output));
    }
    constant_ = false;
    for (size_t i = 0; i < g_.outputs.size(); ++i) WEFT_TRY(add_output(g_.outputs[i], output_buffers_[i]));
    for (size_t i = 0; i < g_.outputs.size(); ++i) keep_output(g_.outputs[i], output_buffers_[i]);
    return std::move(built_);
  }

 private:
  static expr::Expr bytes(const Storage& storage) {
    return storage.elements * static_cast<int64_t>(byte_size(storage.dtype));
  }

  BufferId add_buffer(std::string name, BufferKind kind, const Storage& storage) {
    const expr::Expr needs = bytes(storage);
    plan::Buffer buffer{.name = std::move(name), .kind = kind, .bytes = plan::greatest(needs), .slack = 64};
    if (!needs.as_constant()) buffer.needs = needs;
    built_.program.buffers.push_back(std::move(buffer));
    return static_cast<BufferId>(built_.program.buffers.size() - 1);
  }

  BufferId add_boundary(const graph::Port& port, BufferKind kind) {
    const Storage storage = row_major(g_.values[port.value].type);
    const BufferId buffer = add_buffer(port.name, kind, storage);
    if (kind == BufferKind::input || kind == BufferKind::state) record(port.value, {storage, buffer});
    return buffer;
  }

  bool is_state(const std::string& name, std::string passes::State::* end) const {
    return std::ranges::find(options_.states, name, end) != options_.states.end();
  }

  /// A state begins as zeros.
  void add_input_buffer(const graph::Port& port) {
    if (!is_state(port.name, &passes::State::input))
      return built_.inputs.push_back(add_boundary(port, BufferKind::input));
    const BufferId buffer = add_boundary(port, BufferKind::state);
    built_.program.buffers[buffer].needs.reset();  // its place does not move
    built_.program.entries[0].statements.push_back(Fill{buffer, 0});
    kept_.emplace(port.name, buffer);
  }

  /// What is an input of the next run goes to its place, which has room for more than this run reads.
  void keep_output(const graph::Port& port, BufferId buffer) {
    const auto state = std::ranges::find(options_.states, port.name, &passes::State::output);
    if (state == options_.states.end()) return;
    const BufferId place = kept_.at(state->input);
    const expr::Expr count = bytes(row_major(g_.values[port.value].type));
    uint64_t& room = built_.program.buffers[place].bytes;
    room = std::max(room, plan::greatest(count));
    ++built_.movement_calls;
    entry().push_back(Copy{place, buffer, count});
  }

  /// A graph output has a row-major buffer of its own. A value that lies so anyway is computed there.
  void add_output_buffer(const graph::Port& port) {
    const bool kept = is_state(port.name, &passes::State::output);
    const BufferId buffer = add_boundary(port, kept ? BufferKind::arena : BufferKind::output);
    output_buffers_.push_back(buffer);
    if (!kept) built_.outputs.push_back(buffer);
    const auto chosen = layout_.storages.find(port.value);
    if (!options_.share_memory || chosen == layout_.storages.end() || layout_.wholes.contains(port.value))
      return;
    const graph::Type& type = g_.values[port.value].type;
    const Storage outside = row_major(type);
    if (chosen->second.elements == outside.elements &&
        loops::same_places(chosen->second, outside, type.shape))
      direct_.emplace(port.value, buffer);
  }

  /// Copies what does not lie in the output's buffer yet.
  Result<void> add_output(const graph::Port& port, BufferId buffer) {
    const graph::Type& type = g_.values[port.value].type;
    const Storage storage = row_major(type);
    if (bytes(storage).is_constant(0)) {
      entry().push_back(Fill{buffer, 0});
      return {};
    }
    WEFT_TRY(compute(port.value));
    const Placement source = first_placement(port.value);
    if (source.buffer == buffer) return {};
    if (loops::same_places(source.storage, storage, type.shape)) {
      ++built_.movement_calls;
      entry().push_back(Copy{buffer, source.buffer, bytes(storage)});
      return {};
    }
    const Placement target{storage, buffer};
    return add_kernel(lower::copy_stage(g_, port.value), {source, target}, "output " + port.name);
  }

  /// The checks of a value, and the symbols that it is.
  Result<void> define(ValueId value) {
    for (const graph::Check& check : g_.checks) {
      if (check.value != value) continue;
      WEFT_ASSIGN(buffer, scalar_buffer(value));
      entry().push_back(plan::Check{buffer, check.min, check.max, check.what, check.source});
      --readers_[value];
    }
    for (const graph::Port& port : g_.definitions) {
      if (port.value != value) continue;
      WEFT_ASSIGN(buffer, scalar_buffer(value));
      entry().push_back(plan::Define{port.name, buffer});
      --readers_[value];
    }
    return {};
  }

  /// A scalar lies at the start of its buffer, or is brought there.
  Result<BufferId> scalar_buffer(ValueId value) {
    const Storage wanted = row_major(g_.values[value].type);
    WEFT_ASSIGN(placement, require(value, wanted));
    if (placement.storage.offset.is_constant(0)) return placement.buffer;
    WEFT_ASSIGN(packed, pack(value, placement, wanted));
    return packed.buffer;
  }

  std::vector<Statement>& entry() { return built_.program.entries[constant_ ? 0 : 1].statements; }

  std::string sources(const Group& group) const {
    std::string names;
    for (const uint32_t index : group.nodes) {
      const std::string& name = g_.nodes[index].source;
      if (name.empty() || names.ends_with(name)) continue;
      names += (names.empty() ? "" : " + ") + name;
    }
    return names;
  }

  bool is_constant(ValueId value) const {
    return g_.is_constant(value) || std::ranges::find(constants_, value) != constants_.end();
  }

  void record(ValueId value, const Placement& placement) {
    placements_[value].push_back(placement);
    residents_[placement.buffer].push_back(value);
  }

  /// The value as it first came to be; a constant of the graph gets its buffer on first use.
  Placement first_placement(ValueId value) {
    const std::vector<Placement>& all = placements_[value];
    if (!all.empty()) return all.front();
    const Storage storage = row_major(g_.values[value].type);
    if (bytes(storage).is_constant(0)) {  // no stage makes it
      record(value, {storage, add_buffer(g_.values[value].name, BufferKind::arena, storage)});
    } else {
      WEFT_CHECK(g_.is_constant(value), "a value that nothing computed: " + g_.values[value].name);
      const BufferId buffer = add_buffer(g_.values[value].name, BufferKind::weights, storage);
      built_.weights.emplace(value, buffer);
      record(value, {storage, buffer});
    }
    return all.front();
  }

  Result<void> add_group(const Group& group) {
    const std::vector<Stage> stages = lower::lower_group(g_, group);
    // What several stages write is never a view of what the first one reads.
    if (stages.size() > 1) WEFT_TRY(result(group.output));
    for (const Stage& stage : stages) WEFT_TRY(add_stage(stage, sources(group)));
    for (const ValueId input : group.inputs) --readers_[input];
    return {};
  }

  /// A constant waits for its first reader, so that it is computed straight into the storage wanted there.
  /// What it is computed from does not wait: constants do not wait for each other.
  Result<void> add_constant(const Group& group) {
    const ValueId value = group.output;
    for (const ValueId input : group.inputs) WEFT_TRY(compute(input));
    constants_.push_back(value);
    waiting_.emplace(value, &group);
    if (layout_.wholes.contains(value) || parts_.contains(value) || direct_.contains(value))
      return compute(value);
    return {};
  }

  /// Computes a constant that waits, in this storage or else in the layout's.
  Result<void> compute(ValueId value, const Storage* wanted = nullptr) {
    const auto found = waiting_.find(value);
    if (found == waiting_.end()) return {};
    const Group& group = *found->second;
    waiting_.erase(found);
    const bool outer = std::exchange(constant_, true);
    Result<void> done = wanted ? place_constant(value, *wanted) : Result<void>();
    if (done) done = add_group(group);
    constant_ = outer;
    return done;
  }

  Result<void> place_constant(ValueId value, const Storage& storage) {
    record(value, {storage, add_buffer(g_.values[value].name, BufferKind::prepared, storage)});
    return fill_unwritten(placements_[value].front());
  }

  /// The value in the wanted storage; copied there when it is not yet.
  Result<Placement> require(ValueId value, const Storage& wanted) {
    WEFT_TRY(compute(value, &wanted));
    const Placement first = first_placement(value);
    const bool constant = is_constant(value);
    for (const Placement& placement : placements_[value])
      if (placement.storage == wanted ||
          (!constant && loops::serves(placement.storage, wanted, g_.values[value].type.shape)))
        return placement;
    const bool outer = std::exchange(constant_, constant);
    Result<Placement> target = pack(value, first, wanted);
    constant_ = outer;
    if (target) record(value, *target);
    return target;
  }

  /// A copy of the value in a buffer of its own.
  Result<Placement> pack(ValueId value, const Placement& from, const Storage& wanted) {
    const std::string& name = g_.values[value].name;
    const Placement target{
        wanted, add_buffer(name + " packed", constant_ ? BufferKind::prepared : BufferKind::arena, wanted)};
    WEFT_TRY(add_kernel(lower::copy_stage(g_, value), {from, target}, "pack " + name));
    return target;
  }

  /// The operand of a stage: constants as the schedule wants them, convolution inputs with their halo, others
  /// as they are.
  Result<Placement> operand(const Stage& stage, uint32_t tensor) {
    const ValueId value = stage.tensors[tensor].value;
    if (is_constant(value) && !constant_) {
      const auto wanted = options_.rules.preferred_storage(stage, tensor, options_.machine);
      if (wanted) return require(value, *wanted);
      WEFT_TRY(compute(value));
      return first_placement(value);
    }
    const auto wanted = layout_.convolution_operands.find(value);
    if (wanted != layout_.convolution_operands.end() && reads_padding(stage, tensor))
      return require(value, wanted->second);
    return first_placement(value);
  }

  /// Whether the stage is a convolution over this tensor, or reads beyond its edges.
  static bool reads_padding(const Stage& stage, uint32_t tensor) {
    const std::vector<loops::Value> found = schedule::accesses(stage.result);
    if (std::ranges::any_of(found, [&](const auto& v) { return v->buffer == tensor && v->predicate; }))
      return true;
    if (stage.fold.size() != 1 || stage.fold[0].update->op != loops::ValueOp::muladd) return false;
    const loops::Value& factor = stage.fold[0].update->operands[0];
    return factor->op == loops::ValueOp::access && factor->buffer == tensor;
  }

  Storage chosen_storage(ValueId value) const {
    const auto chosen = layout_.storages.find(value);
    return chosen == layout_.storages.end() ? row_major(g_.values[value].type) : chosen->second;
  }

  /// Where the result of a stage goes: the buffer that its value has or shares.
  Result<Placement> result(ValueId value) {
    if (const auto known = placements_.find(value); known != placements_.end() && !known->second.empty())
      return known->second.front();
    const ValueId root = layout_.root(value);
    const auto shared = roots_.find(root);
    if (shared != roots_.end()) {
      record(value, {chosen_storage(value), shared->second});
    } else {
      const Placement whole{chosen_storage(root), root_buffer(root)};
      roots_.emplace(root, whole.buffer);
      WEFT_TRY(fill_unwritten(whole));
      record(value, {chosen_storage(value), whole.buffer});
    }
    return placements_[value].front();
  }

  BufferId root_buffer(ValueId root) {
    const auto output = direct_.find(root);
    if (output != direct_.end()) return output->second;
    const BufferKind kind = constant_ ? BufferKind::prepared : BufferKind::arena;
    return add_buffer(g_.values[root].name, kind, chosen_storage(root));
  }

  Result<void> add_stage(const Stage& stage, const std::string& source) {
    std::vector<Placement> placements;
    for (uint32_t i = 0; i + 1 < stage.tensors.size(); ++i) {
      WEFT_ASSIGN(placement, operand(stage, i));
      placements.push_back(placement);
    }
    const ValueId value = stage.tensors.back().value;
    if (view(stage, placements)) return {};
    WEFT_ASSIGN(done, overwrite(stage, placements, source));
    if (done) return {};
    WEFT_ASSIGN(target, result(value));
    const Stage part = narrowed(stage, target.storage);
    if (placements.size() == 1 && placements[0].buffer == target.buffer &&
        moves_nothing(part, placements[0].storage, target.storage))
      return {};
    placements.push_back(target);
    return add_call(part, placements, source);
  }

  /// Whether the stage's result is only another view of its operand.
  bool view(const Stage& stage, const std::vector<Placement>& operands) {
    const ValueId value = stage.tensors.back().value;
    if (!options_.share_memory || constant_ || operands.size() != 1 || placements_.contains(value) ||
        layout_.wholes.contains(value) || direct_.contains(value))
      return false;
    const auto storage = as_view(stage, operands[0].storage, chosen_storage(value));
    if (storage) record(value, {*storage, operands[0].buffer});
    return storage.has_value();
  }

  /// Whether nothing but the current group will read what the buffer holds, and only through this value.
  bool dies_here(ValueId value, BufferId buffer) const {
    const auto readers = [&](ValueId v) {
      const auto entry = readers_.find(v);
      return entry == readers_.end() ? 0u : entry->second;
    };
    if (built_.program.buffers[buffer].kind != BufferKind::arena || readers(value) != 1) return false;
    for (const ValueId resident : residents_.at(buffer)) {
      if (resident != value && readers(resident) != 0) return false;
      const auto parts = parts_.find(layout_.root(resident));
      if (layout_.root(resident) != resident && layout_.root(resident) != value &&
          readers(layout_.root(resident)) != 0)
        return false;
      if (parts == parts_.end()) continue;
      for (const ValueId part : parts->second)
        if (part != value && readers(part) != 0) return false;
    }
    return true;
  }

  /// Computes the stage over an operand that dies there, if it can: then true.
  Result<bool> overwrite(const Stage& stage, const std::vector<Placement>& operands,
                         const std::string& source) {
    const ValueId value = stage.tensors.back().value;
    if (!options_.share_memory || constant_ || placements_.contains(value) ||
        layout_.wholes.contains(value) || parts_.contains(value) || direct_.contains(value))
      return false;
    for (uint32_t i = 0; i < operands.size(); ++i) {
      const Storage& storage = operands[i].storage;
      const bool whole = storage.offset.is_constant(0) && loops::rebased(storage) == storage;
      if (!whole || !may_overwrite(stage, i, storage) ||
          !dies_here(stage.tensors[i].value, operands[i].buffer) ||
          !loops::serves(storage, chosen_storage(value), stage.tensors.back().shape) ||
          std::ranges::count(operands, operands[i].buffer, &Placement::buffer) != 1)
        continue;
      std::vector<Placement> placements = operands;
      placements.push_back(operands[i]);
      const schedule::Schedule schedule = once_each(default_schedule(stage, placements));
      WEFT_ASSIGN(kernel, make_kernel(stage, placements, schedule, source));
      placements.erase(placements.begin() + i);
      kernel = loops::in_place(std::move(kernel), i, static_cast<uint32_t>(operands.size()));
      push_call(stage, std::move(kernel), placements, source);
      record(value, operands[i]);
      return true;
    }
    return false;
  }

  Result<void> add_kernel(const Stage& stage, const std::vector<Placement>& placements,
                          const std::string& source) {
    WEFT_TRY(fill_unwritten(placements.back()));
    return add_call(stage, placements, source);
  }

  /// Halos and the padding of blocked axes are zero by contract.
  Result<void> fill_unwritten(const Placement& target) {
    if (!loops::has_halo(target.storage) && !blocked(target.storage)) return {};
    const std::vector<ZeroBox> boxes = halo_boxes(target.storage);
    if (boxes.empty()) entry().push_back(Fill{target.buffer, 0, sized(target.storage)});
    const std::string& name = built_.program.buffers[target.buffer].name;
    for (const ZeroBox& box : boxes)
      WEFT_TRY(add_call(box.stage, {{box.storage, target.buffer}}, "halo " + name));
    return {};
  }

  /// What the fill of a storage says of its size: nothing where it is all of its buffer.
  static std::optional<expr::Expr> sized(const Storage& storage) {
    const expr::Expr size = bytes(storage);
    return size.as_constant() ? std::nullopt : std::optional(size);
  }

  static bool blocked(const Storage& storage) {
    return std::ranges::any_of(storage.dims, [](const loops::StorageDim& dim) { return dim.divisor != 1; });
  }

  /// Storages as a kernel sees them: from the first element on.
  static std::vector<Storage> local_storages(const std::vector<Placement>& placements) {
    std::vector<Storage> storages;
    for (const Placement& placement : placements) storages.push_back(loops::rebased(placement.storage));
    return storages;
  }

  schedule::Schedule default_schedule(const Stage& stage, const std::vector<Placement>& placements) const {
    const std::vector<Storage> storages = local_storages(placements);
    schedule::Schedule schedule = options_.rules.default_schedule(stage, storages, options_.machine);
    if (!constant_ || !options_.stream_weights) return schedule;
    return schedule::in_source_order(stage, std::move(schedule), storages, kSmallestWindow);
  }

  /// A tile that is moved back does some points twice, the second time from what it has written: in place,
  /// the rest is a tile of its own.
  static schedule::Schedule once_each(schedule::Schedule schedule) {
    for (schedule::Step& step : schedule.steps)
      if (step.kind == schedule::StepKind::split && step.tail == schedule::Tail::overlap)
        step.tail = schedule::Tail::peel;
    return schedule;
  }

  Result<loops::Kernel> make_kernel(const Stage& stage, const std::vector<Placement>& placements,
                                    const schedule::Schedule& schedule, const std::string& source) {
    dump_("stages", [&] { return loops::print(stage); });
    dump_("schedules", [&] { return stage.name + " @ " + source + "\n" + schedule::print(schedule); });
    WEFT_ASSIGN(applied, schedule::apply(stage, schedule, local_storages(placements)));
    loops::Kernel kernel = loops::with_symbols(std::move(applied), g_.symbols);
    if (!source.empty()) kernel.name += ": " + source;
    dump_("loops", [&] { return loops::print(kernel); });
    return kernel;
  }

  Result<void> add_call(const Stage& stage, std::vector<Placement> placements, const std::string& source) {
    WEFT_ASSIGN(kernel, make_kernel(stage, placements, default_schedule(stage, placements), source));
    // An operand beside the result in one buffer, if the kernel might touch the same places, is moved first.
    bool moved = false;
    for (uint32_t i = 0; i + 1 < placements.size(); ++i) {
      if (placements[i].buffer != placements.back().buffer || goes_on(stage, placements, i)) continue;
      const auto result = static_cast<uint32_t>(placements.size() - 1);
      if (plan::never_meet(written_out(kernel), {i, offset(placements[i])},
                           {result, offset(placements.back())}))
        continue;
      Storage apart = loops::rebased(placements[i].storage);
      WEFT_ASSIGN(copy, pack(stage.tensors[i].value, placements[i], apart));
      placements[i] = copy;
      moved = true;
    }
    if (moved) {
      WEFT_ASSIGN(again, make_kernel(stage, placements, default_schedule(stage, placements), source));
      kernel = std::move(again);
    }
    for (uint32_t i = 0; i + 1 < placements.size(); ++i) {
      if (!goes_on(stage, placements, i)) continue;
      kernel = loops::in_place(std::move(kernel), i, static_cast<uint32_t>(placements.size() - 1));
      placements.erase(placements.begin() + i);
      break;
    }
    push_call(stage, std::move(kernel), placements, source);
    return {};
  }

  /// Whether the operand is what earlier stages of the group have written of the result (scatter).
  static bool goes_on(const Stage& stage, const std::vector<Placement>& placements, uint32_t operand) {
    return stage.tensors[operand].value == stage.tensors.back().value &&
           placements[operand].buffer == placements.back().buffer &&
           placements[operand].storage == placements.back().storage;
  }

  loops::Kernel written_out(loops::Kernel kernel) const {
    return loops::unroll(loops::vectorize(std::move(kernel), {.bytes = options_.vector_bytes}));
  }

  static expr::Expr offset(const Placement& placement) {
    return placement.storage.offset * static_cast<int64_t>(byte_size(placement.storage.dtype));
  }

  void push_call(const Stage& stage, loops::Kernel kernel, const std::vector<Placement>& placements,
                 const std::string& source) {
    built_.movement_calls += !constant_ && only_moves(stage);
    Call call;
    call.source = source;
    if (options_.costs) call.cost = loops::cost_of(stage, schedule::deciding_axes(stage));
    bool at_start = true;
    for (const Placement& placement : placements) {
      call.buffers.push_back(placement.buffer);
      call.offsets.push_back(offset(placement));
      at_start = at_start && call.offsets.back().is_constant(0);
    }
    if (at_start) call.offsets.clear();
    call.kernel = static_cast<KernelId>(built_.program.kernels.size());
    call.blocks = loops::block_count(kernel);
    const uint64_t calls = std::clamp<uint64_t>(points(stage) / kPointsPerCall, 1, kCallsPerStatement);
    call.grain = std::max<uint64_t>(1, (plan::greatest(call.blocks) + calls - 1) / calls);
    built_.program.kernels.push_back(std::move(kernel));
    entry().push_back(std::move(call));
  }

  const graph::Graph& g_;
  const BuildOptions& options_;
  const Dump& dump_;
  std::vector<Group> groups_;
  Layout layout_;
  BuiltProgram built_;
  std::map<ValueId, std::vector<Placement>> placements_;
  std::map<BufferId, std::vector<ValueId>> residents_;  ///< values that lie, or lay, in a buffer
  std::map<ValueId, BufferId> roots_;                   ///< of values that are no part of another one
  std::vector<BufferId> output_buffers_;                ///< parallel to the graph's outputs
  std::map<std::string, BufferId> kept_;                ///< of states, by the input
  std::map<ValueId, BufferId> direct_;                  ///< values that are computed in an output's buffer
  std::map<ValueId, std::vector<ValueId>> parts_;       ///< by root
  std::map<ValueId, uint32_t> readers_;                 ///< groups still to come, and outputs
  std::vector<ValueId> constants_;                      ///< values that prepare computes
  std::map<ValueId, const Group*> waiting_;             ///< of these, what nobody has needed yet
  bool constant_ = false;                               ///< whether statements go to prepare
};

}  // namespace

Result<BuiltProgram> build_program(const graph::Graph& g, const BuildOptions& options, const Dump& dump) {
  WEFT_ASSIGN(built, Builder(g, options, dump).run());
  // Shared while kernels are still small; written out once each.
  built.program = plan::share_kernels(std::move(built.program));
  if (options.stream_weights) stream(built, g, options.optimize);
  for (loops::Kernel& kernel : built.program.kernels)
    kernel = loops::unroll(loops::vectorize(std::move(kernel), {.bytes = options.vector_bytes}));
  return built;
}

}  // namespace weft::compile
