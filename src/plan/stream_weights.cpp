#include "plan/stream_weights.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "plan/access_range.hpp"
#include "plan/lifetimes.hpp"
#include "plan/moves.hpp"

namespace weft::plan {
namespace {

constexpr size_t kNever = SIZE_MAX;

/// Blocks [first, first + blocks) read bytes [begin, end) of the weight.
struct Part {
  uint64_t first = 0, blocks = 0;
  uint64_t begin = 0, end = 0;
};

/// How one weight comes.
struct Plan {
  size_t time =
      kNever;  ///< the statement of prepare that it is loaded in front of; the end when none needs it
  std::vector<Part> parts;  ///< of that statement, which is a call; empty: all at once
};

/// Where a weight is read.
struct Reads {
  std::vector<size_t> prepare;  ///< statements
  bool run = false;
};

std::vector<Reads> find_reads(const Program& program) {
  std::vector<Reads> reads(program.buffers.size());
  for (const Entry& entry : program.entries) {
    for (size_t i = 0; i < entry.statements.size(); ++i) {
      for (const Use& use : uses(program, entry.statements[i])) {
        if (entry.name != kPrepare) reads[use.buffer].run = true;
        else reads[use.buffer].prepare.push_back(i);
      }
    }
  }
  return reads;
}

/// The kernel's buffer that a call gives this one to.
uint32_t parameter_of(const loops::Kernel& kernel, const Call& call, BufferId buffer) {
  size_t argument = 0;
  for (uint32_t i = 0; i < kernel.buffers.size(); ++i) {
    if (!loops::is_parameter(kernel.buffers[i].space)) continue;
    if (call.buffers[argument++] == buffer) return i;
  }
  WEFT_CHECK(false, "a call without the buffer that it reads");
  return 0;
}

/// Cuts a call where what the blocks read of one operand ends.
class Cutter {
 public:
  Cutter(const loops::Kernel& kernel, uint32_t parameter, uint64_t blocks, uint64_t bytes, uint64_t window)
      : kernel_(kernel),
        parameter_(parameter),
        blocks_(blocks),
        bytes_(bytes),
        window_(window),
        size_(byte_size(kernel.buffers[parameter].dtype)) {}

  /// Parts that read disjoint ranges in ascending order; empty when there are none.
  std::vector<Part> cut() const {
    std::vector<Part> parts;
    uint64_t guess = 1;
    for (uint64_t first = 0; first < blocks_;) {
      const std::optional<Part> part = largest(first, guess);
      if (!part || (!parts.empty() && part->begin < parts.back().end)) return {};
      guess = part->blocks;
      first += part->blocks;
      parts.push_back(*part);
    }
    return parts;
  }

 private:
  std::optional<Part> reads(uint64_t first, uint64_t blocks) const {
    const auto range = loaded_range(kernel_, parameter_, first, blocks);
    if (!range || range->begin < 0) return std::nullopt;
    // What lies behind the end is slack: any bytes do.
    return Part{first, blocks, static_cast<uint64_t>(range->begin) * size_,
                std::min(bytes_, static_cast<uint64_t>(range->end) * size_)};
  }

  /// As many blocks as the window holds, at least one; `guess` is tried first.
  std::optional<Part> largest(uint64_t first, uint64_t guess) const {
    std::optional<Part> best = reads(first, 1);
    if (!best) return std::nullopt;
    uint64_t low = 1, high = blocks_ - first;  // low fits
    uint64_t next = std::clamp<uint64_t>(guess, 1, high);
    while (low < high) {
      const std::optional<Part> part = reads(first, next);
      if (!part) return std::nullopt;
      if (part->end - part->begin <= window_) {
        best = part;
        low = next;
      } else {
        high = next - 1;
      }
      if (low >= high) break;
      next = estimate(*part, low, high);
    }
    return best;
  }

  /// What would fill the window if all blocks read as much as these.
  uint64_t estimate(const Part& part, uint64_t low, uint64_t high) const {
    const uint64_t bytes = std::max<uint64_t>(1, part.end - part.begin);
    const auto fitting = static_cast<uint64_t>(static_cast<double>(part.blocks) *
                                               static_cast<double>(window_) / static_cast<double>(bytes));
    return std::clamp(fitting, low + 1, high);
  }

  const loops::Kernel& kernel_;
  uint32_t parameter_;
  uint64_t blocks_, bytes_, window_, size_;
};

class Streamer {
 public:
  Streamer(Program program, const StreamOptions& options)
      : options_(options), reads_(find_reads(program)), plans_(program.buffers.size()) {
    out_.program = std::move(program);
    const Lifetimes lives = lifetimes(out_.program);
    for (BufferId id = 0; id < lives.buffers.size(); ++id)
      if (lives.buffers[id].for_ever) resident_bytes_ += out_.program.buffers[id].bytes;
  }

  Streamed run() {
    Entry& prepare = out_.program.entries.front();
    WEFT_CHECK(prepare.name == kPrepare);
    decide(prepare);
    prepare.statements = with_loads(prepare.statements);
    return std::move(out_);
  }

 private:
  /// From the end of the file: nothing may come after what follows it there.
  void decide(const Entry& prepare) {
    size_t latest = prepare.statements.size();
    for (size_t i = options_.order.size(); i-- > 0;) {
      const BufferId id = options_.order[i];
      Plan& plan = plans_[id];
      const std::vector<size_t>& uses = reads_[id].prepare;
      plan.time = std::min(latest, uses.empty() ? latest : uses.front());
      if (out_.program.buffers[id].bytes > options_.window) cut(id, prepare, latest);
      latest = plan.time;
    }
  }

  void cut(BufferId id, const Entry& prepare, size_t next_in_file) {
    const Reads& reads = reads_[id];
    if (reads.run) return;  // it stays
    const auto uncut = [&](const char* reason) { out_.uncut.push_back({id, reason}); };
    if (reads.prepare.size() != 1) return uncut("several statements read it");
    Plan& plan = plans_[id];
    const auto* call = std::get_if<Call>(&prepare.statements[reads.prepare[0]]);
    if (!call || std::ranges::count(call->buffers, id) != 1 || !call->offsets.empty())
      return uncut("it is not read by one operand of a call");
    if (next_in_file <= reads.prepare[0]) return uncut("it does not come in the order of its use");
    // Its address as a whole must not be negative: the arena lies behind what stays.
    if (resident_bytes_ < out_.program.buffers[id].bytes) return uncut("less stays in memory than it holds");
    const loops::Kernel& kernel = out_.program.kernels[call->kernel];
    plan.parts = Cutter(kernel, parameter_of(kernel, *call, id), greatest(call->blocks),
                        out_.program.buffers[id].bytes, options_.window)
                     .cut();
    if (plan.parts.size() < 2) {
      plan.parts.clear();
      return uncut("its blocks do not read it from its start to its end");
    }
    cut_calls_.emplace(plan.time, id);
    uint64_t window = 0;
    for (const Part& part : plan.parts) window = std::max(window, part.end - part.begin);
    out_.program.buffers[id].window = (window + kAlignment - 1) / kAlignment * kAlignment;
  }

  std::vector<Statement> with_loads(const std::vector<Statement>& statements) const {
    std::vector<Statement> out;
    size_t next = 0;
    for (size_t i = 0; i <= statements.size(); ++i) {
      for (; next < options_.order.size() && plans_[options_.order[next]].time == i; ++next) {
        const BufferId id = options_.order[next];
        if (plans_[id].parts.empty() && used(id)) out.push_back(Load{id, 0, out_.program.buffers[id].bytes});
      }
      if (i == statements.size()) break;
      const auto cut = cut_calls_.find(i);
      if (cut == cut_calls_.end()) out.push_back(statements[i]);
      else add_parts(std::get<Call>(statements[i]), cut->second, out);
    }
    WEFT_CHECK(next == options_.order.size());
    return out;
  }

  bool used(BufferId id) const { return reads_[id].run || !reads_[id].prepare.empty(); }

  void add_parts(const Call& call, BufferId id, std::vector<Statement>& out) const {
    for (const Part& part : plans_[id].parts) {
      if (part.end > part.begin) out.push_back(Load{id, part.begin, part.end - part.begin});
      Call piece = call;
      piece.first = part.first;
      piece.blocks = static_cast<int64_t>(part.blocks);
      out.push_back(std::move(piece));
    }
  }

  const StreamOptions& options_;
  Streamed out_;
  std::vector<Reads> reads_;
  std::vector<Plan> plans_;
  std::map<size_t, BufferId> cut_calls_;  ///< statement of prepare, the weight that it is cut along
  uint64_t resident_bytes_ = 0;
};

}  // namespace

Streamed stream_weights(Program program, const StreamOptions& options) {
  return Streamer(std::move(program), options).run();
}

uint64_t run_arena_bytes(const Program& program) {
  Program run;
  run.buffers = program.buffers;
  run.kernels = program.kernels;
  for (const Entry& entry : program.entries)
    run.entries.push_back({entry.name, entry.name == kPrepare ? std::vector<Statement>{} : entry.statements});
  // Only the arena counts.
  for (Buffer& buffer : run.buffers)
    if (buffer.kind == BufferKind::weights || buffer.kind == BufferKind::prepared) buffer.bytes = 0;
  const Result<MemoryPlan> plan = place_buffers(run, 0);
  return plan ? plan->arena_bytes : 0;
}

}  // namespace weft::plan
