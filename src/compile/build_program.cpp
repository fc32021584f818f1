#include "compile/build_program.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "compile/layout.hpp"
#include "loops/unroll.hpp"
#include "loops/vectorize.hpp"
#include "lower/lower.hpp"
#include "schedule/apply.hpp"

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

/// Most kernel calls per statement; fewer when there are fewer blocks. Many short calls let the engine swap
/// in optimised code and the caller stop in between; each costs the kernel's prologue.
constexpr uint64_t kCallsPerStatement = 16;

class Builder {
 public:
  Builder(const graph::Graph& g, const BuildOptions& options, const Dump& dump)
      : g_(g),
        options_(options),
        dump_(dump),
        groups_(lower::collect_groups(g)),
        layout_(choose_layout(g, groups_)) {
    built_.program.entries = {{"prepare", {}}, {"run", {}}};
  }

  Result<BuiltProgram> run() {
    for (const graph::Port& port : g_.inputs) built_.inputs.push_back(add_boundary(port, BufferKind::input));
    for (const Group& group : groups_) {
      constant_ = group.constant;
      for (const Stage& stage : lower::lower_group(g_, group)) WEFT_TRY(add_stage(stage, sources(group)));
      if (group.constant) constants_.push_back(group.output);
    }
    for (const graph::Port& port : g_.outputs) WEFT_TRY(add_output(port));
    return std::move(built_);
  }

 private:
  static uint64_t bytes(const Storage& storage) {
    const auto elements = storage.elements.as_constant();
    WEFT_CHECK(elements.has_value(), "a storage of unknown size");
    return static_cast<uint64_t>(*elements) * byte_size(storage.dtype);
  }

  BufferId add_buffer(std::string name, BufferKind kind, const Storage& storage) {
    built_.program.buffers.push_back(
        {.name = std::move(name), .kind = kind, .bytes = bytes(storage), .slack = 64});
    return static_cast<BufferId>(built_.program.buffers.size() - 1);
  }

  BufferId add_boundary(const graph::Port& port, BufferKind kind) {
    const Storage storage = row_major(g_.values[port.value].type);
    const BufferId buffer = add_buffer(port.name, kind, storage);
    if (kind == BufferKind::input) placements_[port.value].push_back({storage, buffer});
    return buffer;
  }

  /// A graph output has a row-major buffer of its own, which a copy fills.
  Result<void> add_output(const graph::Port& port) {
    constant_ = false;
    const BufferId buffer = add_boundary(port, BufferKind::output);
    built_.outputs.push_back(buffer);
    const Storage storage = row_major(g_.values[port.value].type);
    if (bytes(storage) == 0) {
      entry().push_back(Fill{buffer, 0});
      return {};
    }
    const Placement& source = first_placement(port.value);
    if (source.storage == storage) {
      entry().push_back(Copy{buffer, source.buffer, bytes(storage)});
      return {};
    }
    const Placement target{storage, buffer};
    return add_kernel(lower::copy_stage(g_, port.value), {source, target}, "output " + port.name);
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

  /// The value as it first came to be; a constant of the graph gets its buffer on first use.
  Placement first_placement(ValueId value) {
    std::vector<Placement>& all = placements_[value];
    const Storage storage = row_major(g_.values[value].type);
    if (all.empty() && bytes(storage) == 0) {  // no stage makes it
      all.push_back({storage, add_buffer(g_.values[value].name, BufferKind::arena, storage)});
    } else if (all.empty()) {
      WEFT_CHECK(g_.is_constant(value), "a value that nothing computed: " + g_.values[value].name);
      const BufferId buffer = add_buffer(g_.values[value].name, BufferKind::weights, storage);
      built_.weights.emplace(value, buffer);
      all.push_back({storage, buffer});
    }
    return all.front();
  }

  /// The value in the wanted storage; copied there when it is not yet.
  Result<Placement> require(ValueId value, const Storage& wanted) {
    const Placement first = first_placement(value);
    for (const Placement& placement : placements_[value])
      if (placement.storage == wanted) return placement;
    const bool constant = is_constant(value);
    const bool outer = std::exchange(constant_, constant);
    const std::string& name = g_.values[value].name;
    const Placement target{
        wanted, add_buffer(name + " packed", constant ? BufferKind::prepared : BufferKind::arena, wanted)};
    Result<void> copied = add_kernel(lower::copy_stage(g_, value), {first, target}, "pack " + name);
    constant_ = outer;
    if (!copied) return std::unexpected(copied.error());
    placements_[value].push_back(target);
    return target;
  }

  /// The operand of a stage: constants as the schedule wants them, convolution inputs with their halo, others
  /// as they are.
  Result<Placement> operand(const Stage& stage, uint32_t tensor) {
    const ValueId value = stage.tensors[tensor].value;
    if (is_constant(value) && !constant_) {
      const auto wanted = options_.rules.preferred_storage(stage, tensor, options_.machine);
      return wanted ? require(value, *wanted) : Result<Placement>(first_placement(value));
    }
    const auto wanted = layout_.convolution_operands.find(value);
    if (wanted != layout_.convolution_operands.end() && reads_padding(stage, tensor))
      return require(value, wanted->second);
    return first_placement(value);
  }

  /// Whether the stage is a convolution over this tensor.
  static bool reads_padding(const Stage& stage, uint32_t tensor) {
    if (stage.fold.size() != 1 || stage.fold[0].update->op != loops::ValueOp::muladd) return false;
    const loops::Value& factor = stage.fold[0].update->operands[0];
    return factor->op == loops::ValueOp::access && factor->buffer == tensor;
  }

  Placement result(const Stage& stage) {
    const ValueId value = stage.tensors.back().value;
    std::vector<Placement>& all = placements_[value];
    if (all.empty()) {
      const auto chosen = layout_.storages.find(value);
      const Storage storage =
          chosen == layout_.storages.end() ? row_major(g_.values[value].type) : chosen->second;
      const BufferKind kind = constant_ ? BufferKind::prepared : BufferKind::arena;
      all.push_back({storage, add_buffer(g_.values[value].name, kind, storage)});
      fill_unwritten(all.back());
    }
    return all.front();
  }

  Result<void> add_stage(const Stage& stage, const std::string& source) {
    std::vector<Placement> placements;
    for (uint32_t i = 0; i + 1 < stage.tensors.size(); ++i) {
      WEFT_ASSIGN(placement, operand(stage, i));
      placements.push_back(placement);
    }
    placements.push_back(result(stage));
    return add_call(stage, placements, source);
  }

  Result<void> add_kernel(const Stage& stage, const std::vector<Placement>& placements,
                          const std::string& source) {
    fill_unwritten(placements.back());
    return add_call(stage, placements, source);
  }

  /// Halos and the padding of blocked axes are zero by contract.
  void fill_unwritten(const Placement& target) {
    if (loops::has_halo(target.storage) || blocked(target.storage)) entry().push_back(Fill{target.buffer, 0});
  }

  static bool blocked(const Storage& storage) {
    return std::ranges::any_of(storage.dims, [](const loops::StorageDim& dim) { return dim.divisor != 1; });
  }

  Result<void> add_call(const Stage& stage, const std::vector<Placement>& placements,
                        const std::string& source) {
    std::vector<Storage> storages;
    Call call;
    call.source = source;
    for (const Placement& placement : placements) {
      storages.push_back(placement.storage);
      call.buffers.push_back(placement.buffer);
    }
    const schedule::Schedule schedule = options_.rules.default_schedule(stage, storages, options_.machine);
    dump_("stages", [&] { return loops::print(stage); });
    dump_("schedules", [&] { return stage.name + " @ " + source + "\n" + schedule::print(schedule); });
    WEFT_ASSIGN(kernel, schedule::apply(stage, schedule, storages));
    if (!source.empty()) kernel.name += ": " + source;
    dump_("loops", [&] { return loops::print(kernel); });
    const auto blocks = loops::block_count(kernel).as_constant();
    WEFT_CHECK(blocks.has_value(), "a block count that is not constant");
    call.kernel = static_cast<KernelId>(built_.program.kernels.size());
    call.blocks = static_cast<uint64_t>(*blocks);
    call.grain = std::max<uint64_t>(1, (call.blocks + kCallsPerStatement - 1) / kCallsPerStatement);
    built_.program.kernels.push_back(std::move(kernel));
    entry().push_back(std::move(call));
    return {};
  }

  const graph::Graph& g_;
  const BuildOptions& options_;
  const Dump& dump_;
  std::vector<Group> groups_;
  Layout layout_;
  BuiltProgram built_;
  std::map<ValueId, std::vector<Placement>> placements_;
  std::vector<ValueId> constants_;  ///< values that prepare computes
  bool constant_ = false;           ///< whether statements go to prepare
};

}  // namespace

Result<BuiltProgram> build_program(const graph::Graph& g, const BuildOptions& options, const Dump& dump) {
  WEFT_ASSIGN(built, Builder(g, options, dump).run());
  // Shared while kernels are still small; written out once each.
  built.program = plan::share_kernels(std::move(built.program));
  for (loops::Kernel& kernel : built.program.kernels)
    kernel = loops::unroll(loops::vectorize(std::move(kernel), {.bytes = options.vector_bytes}));
  return built;
}

}  // namespace weft::compile
