#include "compile/build_program.hpp"

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "compile/layout.hpp"
#include "compile/open_loops.hpp"
#include "compile/placement.hpp"
#include "compile/stream.hpp"
#include "compile/uses.hpp"
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

class Builder {
 public:
  Builder(const graph::Graph& g, const BuildOptions& options, const Dump& dump)
      : g_(g),
        options_(options),
        dump_(dump),
        groups_(lower::collect_groups(g)),
        layout_(choose_layout(g, groups_, options.share_memory)),
        loops_(g),
        uses_(g, groups_, layout_, loops_) {
    built_.program.entries = {{"prepare", {}}, {"run", {}}};
    built_.program.symbols = g.symbols;
    for (const std::string& index : branch_indices(g)) built_.program.symbols.erase(index);
    if (!g.symbols.empty())
      for (const graph::Port& port : g.outputs)
        if (!is_state(port.name, &passes::State::output))
          for (const expr::Expr& extent : g.values[port.value].type.shape)
            built_.program.answers.push_back(extent);
  }

  Result<BuiltProgram> run() {
    for (const graph::Port& port : g_.inputs) add_input_buffer(port);
    for (const graph::Port& port : g_.outputs) add_output_buffer(port);
    for (const graph::Port& port : g_.inputs) WEFT_TRY(define(port.value));
    for (const auto& constant : g_.constants) WEFT_TRY(define(constant.first));
    for (const Group& group : groups_) {
      if (cleared_.contains(group.output)) continue;
      if (!group.constant) WEFT_TRY(enter(group.loop));
      WEFT_TRY(group.constant ? add_constant(group) : add_group(group));
      WEFT_TRY(define(group.output));
    }
    WEFT_TRY(enter(graph::kNoLoop));
    constant_ = false;
    for (size_t i = 0; i < g_.outputs.size(); ++i) WEFT_TRY(add_output(g_.outputs[i], output_buffers_[i]));
    for (size_t i = 0; i < g_.outputs.size(); ++i) keep_output(g_.outputs[i], output_buffers_[i]);
    return std::move(built_);
  }

 private:
  bool is_last(const Group& group) const { return g_.nodes[group.nodes.front()].op == graph::Op::last; }

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

  /// Closes and opens loops until this one is the innermost.
  Result<void> enter(int32_t loop) {
    while (!graph::is_inside(g_, loop, loops_.current())) WEFT_TRY(end_loop());
    for (const int32_t next : loops_.missing(loop)) WEFT_TRY(begin_loop(next));
    return {};
  }

  /// Its states get their first values in front of it.
  Result<void> begin_loop(int32_t index) {
    const graph::Loop& loop = loops_.at(index);
    std::vector<std::pair<BufferId, ValueId>> states;
    for (const Group& group : groups_) {
      if (group.loop != index || g_.nodes[group.nodes.front()].op != graph::Op::state) continue;
      WEFT_TRY(begin_state(group.output, group.inputs.front()));
      states.emplace_back(placements_[group.output].front().buffer, group.output);
    }
    std::optional<BufferId> condition;
    if (loop.condition != graph::kNoValue) {
      WEFT_ASSIGN(placement, scalar(loop.condition));
      condition = placement.buffer;
    }
    if (!built_.program.symbols.contains(loop.index)) entry().push_back(plan::If{*condition});
    else entry().push_back(plan::Loop{loop.index, loop.trips, condition});
    loops_.open(index);
    for (const auto& [buffer, state] : states) loops_.put_state(buffer, state);
    return {};
  }

  /// Where the first value of a state lies, if nothing else needs it; else in a copy of it: in the output's
  /// buffer where the state's last value is one.
  Result<void> begin_state(ValueId state, ValueId first) {
    std::optional<BufferId> output;
    if (options_.share_memory)
      if (const auto index = output_of_state(g_, state)) output = output_buffers_[*index];
    if (cleared_.contains(first)) {
      const Storage storage = row_major(g_.values[state].type);
      const BufferId buffer =
          output ? *output : add_buffer(g_.values[state].name, BufferKind::arena, storage);
      entry().push_back(Fill{buffer, 0, sized(storage)});
      record(state, {storage, buffer});
      return {};
    }
    WEFT_TRY(compute(first));
    const Placement from = first_placement(first);
    Placement target{row_major(g_.values[state].type), from.buffer};
    const bool stays = !output && options_.share_memory && !is_constant(first) &&
                       from.storage == target.storage && dies_here(first, from.buffer);
    uses_.done(first);
    if (!stays) {
      target.buffer = output ? *output : add_buffer(g_.values[state].name, BufferKind::arena, target.storage);
      WEFT_TRY(move(first, from, target, "first " + g_.values[state].name));
    }
    record(state, target);
    return {};
  }

  /// The value from one place to another, which may be of another storage.
  Result<void> move(ValueId value, const Placement& from, const Placement& to, const std::string& source) {
    if (bytes(to.storage).is_constant(0)) {  // which are none
      entry().push_back(Fill{to.buffer, 0});
      return {};
    }
    if (!loops::same_places(from.storage, to.storage, g_.values[value].type.shape))
      return add_kernel(lower::copy_stage(g_, value), {from, to}, source);
    ++built_.movement_calls;
    entry().push_back(Copy{to.buffer, from.buffer, bytes(to.storage)});
    return {};
  }

  /// The states get their next values, those that lie in another state's place (or elsewhere in their own)
  /// before any of these changes.
  Result<void> end_loop() {
    const graph::Loop& loop = loops_.at(loops_.current());
    std::vector<std::optional<Placement>> from;
    for (const graph::Carried& carried : loop.carried) {
      const Placement own = placements_[carried.state].front();
      WEFT_TRY(compute(carried.next));
      Placement next = first_placement(carried.next);
      uses_.done(carried.next);
      const bool there = next.buffer == own.buffer && next.storage == own.storage;
      if (!there && loops_.state_in(next.buffer) != graph::kNoValue) {
        WEFT_ASSIGN(apart, pack(carried.next, next, own.storage));
        next = apart;
      }
      from.push_back(there ? std::nullopt : std::optional(next));
    }
    for (size_t i = 0; i < from.size(); ++i) {
      const graph::Carried& carried = loop.carried[i];
      if (from[i])
        WEFT_TRY(move(carried.next, *from[i], placements_[carried.state].front(),
                      "next " + g_.values[carried.state].name));
    }
    if (loop.condition != graph::kNoValue) uses_.done(loop.condition);
    entry().push_back(plan::End{});
    for (const ValueId value : loops_.close())
      if (!is_constant(value)) placements_[value].pop_back();
    return {};
  }

  /// A scalar at the start of its buffer.
  Result<Placement> scalar(ValueId value) {
    const Storage wanted = row_major(g_.values[value].type);
    WEFT_ASSIGN(placement, require(value, wanted));
    if (placement.storage.offset.is_constant(0)) return placement;
    return pack(value, placement, wanted);
  }

  /// The checks of a value, and the symbols that it is.
  Result<void> define(ValueId value) {
    for (const graph::Check& check : g_.checks) {
      if (check.value != value) continue;
      WEFT_ASSIGN(placement, scalar(value));
      entry().push_back(plan::Check{placement.buffer, check.min, check.max, check.what, check.source});
      uses_.done(value);
    }
    for (const graph::Port& port : g_.definitions) {
      if (port.value != value) continue;
      WEFT_ASSIGN(placement, scalar(value));
      entry().push_back(plan::Define{port.name, placement.buffer});
      uses_.done(value);
    }
    return {};
  }

  std::vector<Statement>& entry() { return built_.program.entries[constant_ ? 0 : 1].statements; }

  bool is_constant(ValueId value) const {
    return g_.is_constant(value) || std::ranges::find(constants_, value) != constants_.end();
  }

  void record(ValueId value, const Placement& placement) {
    placements_[value].push_back(placement);
    if (!constant_) loops_.note(value);
    uses_.put(value, placement.buffer);
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
    const graph::Op op = g_.nodes[group.nodes.front()].op;
    if (op == graph::Op::state) return {};  // begin_loop has placed it
    if (is_last(group)) {
      record(group.output, placements_[group.inputs.front()].front());
      return {};
    }
    if (op == graph::Op::custom) return add_custom(group);
    const std::vector<Stage> stages = lower::lower_group(g_, group);
    const bool updates = op == graph::Op::set_slice || op == graph::Op::scatter;
    if (updates && take_state(group.output, group.inputs.front(), 1)) record_state(group.output);
    // What several stages write is never a view of what the first one reads.
    if (stages.size() > 1) WEFT_TRY(result(group.output));
    for (const Stage& stage : stages) WEFT_TRY(add_stage(stage, sources(g_, group)));
    for (const ValueId input : group.inputs) uses_.done(input);
    return {};
  }

  /// What the caller does: from tensors that lie row-major, to one in a buffer of its own.
  Result<void> add_custom(const Group& group) {
    const graph::Node& node = g_.nodes[group.nodes[0]];
    const graph::Type& type = g_.values[node.output].type;
    const auto& what = std::get<graph::CustomAttributes>(node.attributes);
    if (graph::element_count(type.shape).is_constant(0)) return {};
    plan::Custom custom{what.name, what.arguments, {}, {}, node.source};
    for (const ValueId input : node.inputs) {
      const graph::Type& read = g_.values[input].type;
      WEFT_ASSIGN(placement, require(input, row_major(read)));
      custom.inputs.push_back({placement.buffer, offset(placement), read.dtype, read.shape});
    }
    const auto output = direct_.find(node.output);
    const Storage storage = row_major(type);
    const BufferKind kind = constant_ ? BufferKind::prepared : BufferKind::arena;
    const BufferId buffer =
        output != direct_.end() ? output->second : add_buffer(g_.values[node.output].name, kind, storage);
    record(node.output, {storage, buffer});
    custom.output = {buffer, 0, type.dtype, type.shape};
    entry().push_back(std::move(custom));
    for (const ValueId input : group.inputs) uses_.done(input);
    return {};
  }

  /// A constant waits for its first reader, so that it is computed straight into the storage wanted there.
  /// What it is computed from does not wait: constants do not wait for each other.
  Result<void> add_constant(const Group& group) {
    const ValueId value = group.output;
    for (const ValueId input : group.inputs) WEFT_TRY(compute(input));
    constants_.push_back(value);
    waiting_.emplace(value, &group);
    const bool is_custom = g_.nodes[group.nodes[0]].op == graph::Op::custom;
    if (layout_.wholes.contains(value) || uses_.has_parts(value) || direct_.contains(value) || is_custom)
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

  Storage chosen_storage(ValueId value) const {
    const auto chosen = layout_.storages.find(value);
    return chosen == layout_.storages.end() ? row_major(g_.values[value].type) : chosen->second;
  }

  /// Where the result of a stage goes: the buffer that its value has or shares.
  Result<Placement> result(ValueId value) {
    if (const auto known = placements_.find(value); known != placements_.end() && !known->second.empty())
      return known->second.front();
    if (take_state(value, loops_.state_of_next(value), 0)) {
      record_state(value);
      return placements_[value].front();
    }
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

  /// Whether the value, which is next `state`, may be written in the state's place: it and what lies with it
  /// are read no more, but `readers` times by the current group.
  bool take_state(ValueId value, ValueId state, uint32_t readers) const {
    if (state == graph::kNoValue || loops_.state_of_next(value) != state || !stands_alone(value))
      return false;
    const Placement& place = placements_.at(state).front();
    return chosen_storage(value) == place.storage && uses_.state_dies_here(state, place.buffer, readers);
  }

  void record_state(ValueId next) {
    const Placement place = placements_.at(loops_.state_of_next(next)).front();
    record(next, place);
  }

  /// Whether the value's place may be written once the current group has read it.
  bool dies_here(ValueId value, BufferId buffer) const {
    return built_.program.buffers[buffer].kind == BufferKind::arena && uses_.dies_here(value, buffer);
  }

  /// Whether the value is placed by itself when it is made: nobody has placed it, and it is no part and no
  /// whole of a concat.
  bool stands_alone(ValueId value) const {
    return options_.share_memory && !constant_ && !placements_.contains(value) &&
           !layout_.wholes.contains(value) && !uses_.has_parts(value);
  }

  /// Computes the stage over an operand that dies there, if it can: then true.
  Result<bool> overwrite(const Stage& stage, const std::vector<Placement>& operands,
                         const std::string& source) {
    const ValueId value = stage.tensors.back().value;
    if (!stands_alone(value) || direct_.contains(value)) return false;
    for (uint32_t i = 0; i < operands.size(); ++i) {
      const Storage& storage = operands[i].storage;
      const bool whole = storage.offset.is_constant(0) && loops::rebased(storage) == storage;
      if (!whole || !may_overwrite(stage, i, storage) ||
          !(dies_here(stage.tensors[i].value, operands[i].buffer) ||
            take_state(value, stage.tensors[i].value, 1)) ||
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

  schedule::Schedule default_schedule(const Stage& stage, const std::vector<Placement>& placements) const {
    const std::vector<Storage> storages = local_storages(placements);
    schedule::Schedule schedule = options_.rules.default_schedule(stage, storages, options_.machine);
    if (!constant_ || !options_.stream_weights) return schedule;
    return schedule::in_source_order(stage, std::move(schedule), storages, kSmallestWindow);
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
    call.grain = grain_of(stage, plan::greatest(call.blocks));
    built_.program.kernels.push_back(std::move(kernel));
    entry().push_back(std::move(call));
  }

  const graph::Graph& g_;
  const BuildOptions& options_;
  const Dump& dump_;
  std::vector<Group> groups_;
  Layout layout_;
  OpenLoops loops_;
  Uses uses_;
  BuiltProgram built_;
  std::map<ValueId, std::vector<Placement>> placements_;
  std::map<ValueId, BufferId> roots_;               ///< of values that are no part of another one
  std::vector<BufferId> output_buffers_;            ///< parallel to the graph's outputs
  std::map<std::string, BufferId> kept_;            ///< of states, by the input
  std::map<ValueId, BufferId> direct_;              ///< values that are computed in an output's buffer
  std::set<ValueId> cleared_ = cleared_values(g_);  ///< which no group makes
  std::vector<ValueId> constants_;                  ///< values that prepare computes
  std::map<ValueId, const Group*> waiting_;         ///< of these, what nobody has needed yet
  bool constant_ = false;                           ///< whether statements go to prepare
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
