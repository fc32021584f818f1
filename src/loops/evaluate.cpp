// The reference interpreter: names become slots once, then statements run.
#include <fmt/format.h>

#include "base/check.hpp"
#include "loops/lane.hpp"
#include "loops/value_program.hpp"

namespace weft::loops {
namespace {

struct Step {
  enum class Kind : uint8_t { loop, store, bind, bind_index, branch };
  Kind kind = Kind::bind;
  const Statement* source = nullptr;
  std::vector<Operation> code;
  uint32_t value = 0;  ///< slot of the result of `code`
  uint32_t lanes = 1;
  uint32_t index = 0;     ///< number of the extent, the index or the condition
  uint32_t variable = 0;  ///< slot
  uint32_t buffer = 0;
  bool backwards = false;  ///< a `threads` loop
  std::vector<Step> body, other;
};

class Compiler {
 public:
  Compiler(Machine& machine, Slots slots) : machine_(machine), slots_(std::move(slots)) {}

  std::vector<Step> block(const Block& statements) {
    const Slots outer_slots = slots_;
    const Locals outer_locals = locals_;
    const uint32_t outer_lanes = next_lane_;
    std::vector<Step> steps;
    steps.reserve(statements.size());
    for (const Statement& s : statements) {
      Step step;
      step.source = &s;
      std::visit([&](const auto& node) { compile(node, step); }, s.node);
      steps.push_back(std::move(step));
    }
    slots_ = outer_slots;
    locals_ = outer_locals;
    next_lane_ = outer_lanes;
    return steps;
  }

  uint32_t new_variable(const std::string& name) {
    const uint32_t slot = static_cast<uint32_t>(machine_.variables.size());
    machine_.variables.push_back(0);
    slots_[name] = slot;
    return slot;
  }

 private:
  // The slots of a statement's values are free again after it, unless it binds one.
  void value(const Value& v, Step& step, bool keep) {
    ValueCompiler compiler(machine_, slots_, locals_, next_lane_);
    step.value = compiler.add(v, step.code);
    step.lanes = v->type.lanes;
    if (keep) next_lane_ = compiler.next_slot();
  }

  void compile(const For& loop, Step& step) {
    step.kind = Step::Kind::loop;
    step.backwards = loop.kind == ForKind::threads;
    step.index = machine_.indices.add(loop.extent, slots_);
    const Slots outer = slots_;
    step.variable = new_variable(loop.variable);
    step.body = block(*loop.body);
    slots_ = outer;
  }

  void compile(const Store& store, Step& step) {
    step.kind = Step::Kind::store;
    step.buffer = store.buffer;
    step.index = machine_.indices.add(store.index, slots_);
    value(store.value, step, false);
  }

  void compile(const Let& let, Step& step) {
    value(let.value, step, true);
    locals_[let.name] = {step.value, let.value->type};
  }

  void compile(const LetIndex& let, Step& step) {
    step.kind = Step::Kind::bind_index;
    value(let.value, step, false);
    step.variable = new_variable(let.variable.name);
  }

  void compile(const If& node, Step& step) {
    step.kind = Step::Kind::branch;
    step.index = machine_.indices.add(node.condition, slots_);
    step.body = block(*node.then_block);
    if (node.else_block) step.other = block(*node.else_block);
  }

  Machine& machine_;
  Slots slots_;
  Locals locals_;
  uint32_t next_lane_ = 0;
};

class Interpreter {
 public:
  explicit Interpreter(const Kernel& kernel) : kernel_(kernel) {
    machine_.out_of_bounds = [this](uint32_t buffer, int64_t index) {
      stop(fmt::format("index {} is out of the bounds of {}", index, machine_.buffers[buffer].name));
    };
  }

  void run(std::vector<Memory>& memories, const std::map<std::string, int64_t, std::less<>>& symbols,
           int64_t begin, int64_t end) {
    Slots slots = bind_symbols(symbols);
    bind_buffers(memories, slots);
    Compiler compiler(machine_, std::move(slots));
    run_blocks(compiler, begin, end);
    // The caller's buffers keep their size; the slack was ours.
    for (size_t i = 0; i < memories.size() && i < sizes_.size(); ++i)
      if (is_parameter(i)) memories[i].bytes.resize(sizes_[i]);
  }

 private:
  bool is_parameter(size_t buffer) const { return loops::is_parameter(kernel_.buffers[buffer].space); }

  Slots bind_symbols(const std::map<std::string, int64_t, std::less<>>& symbols) {
    Slots slots;
    for (const auto& [name, facts] : kernel_.symbols) {
      const auto given = symbols.find(name);
      WEFT_CHECK(given != symbols.end(), name);
      const int64_t v = given->second;
      const bool inside =
          (!facts.range.min || v >= *facts.range.min) && (!facts.range.max || v <= *facts.range.max);
      WEFT_CHECK(inside && v % facts.multiple_of == 0, name);
      slots[name] = static_cast<uint32_t>(machine_.variables.size());
      machine_.variables.push_back(v);
    }
    return slots;
  }

  void bind_buffers(std::vector<Memory>& memories, const Slots& slots) {
    WEFT_CHECK(memories.size() == kernel_.buffers.size(), "a memory for each buffer");
    registers_.resize(kernel_.buffers.size());
    for (size_t i = 0; i < kernel_.buffers.size(); ++i) {
      const Buffer& b = kernel_.buffers[i];
      const uint32_t number = machine_.indices.add(b.elements, slots);
      const int64_t elements = machine_.indices.run(number, machine_.variables);
      const int64_t with_slack = elements + b.slack;
      std::vector<uint8_t>& bytes = is_parameter(i) ? memories[i].bytes : registers_[i];
      if (is_parameter(i))
        WEFT_CHECK(bytes.size() >= static_cast<size_t>(elements) * byte_size(b.dtype), b.name);
      sizes_.push_back(bytes.size());
      const size_t wanted = static_cast<size_t>(with_slack) * byte_size(b.dtype);
      if (bytes.size() < wanted) bytes.resize(wanted);
      machine_.buffers.push_back({b.name, bytes.data(), b.dtype, with_slack, elements});
      poison(machine_.buffers[i], elements, with_slack);
    }
  }

  void run_blocks(Compiler& compiler, int64_t begin, int64_t end) {
    const For* blocks = kernel_.body.size() == 1 ? std::get_if<For>(&kernel_.body[0].node) : nullptr;
    if (blocks && blocks->kind != ForKind::blocks) blocks = nullptr;
    int64_t count = 1;
    uint32_t variable = 0;
    std::vector<Step> steps;
    if (blocks) {
      std::vector<Step> loop = compiler.block(kernel_.body);
      count = machine_.indices.run(loop[0].index, machine_.variables);
      variable = loop[0].variable;
      steps = std::move(loop[0].body);
    } else {
      steps = compiler.block(kernel_.body);
    }
    WEFT_CHECK(0 <= begin && begin <= end && end <= count, "the range of blocks");
    for (int64_t block = begin; block < end; ++block) {
      poison_private();
      if (blocks) machine_.variables[variable] = block;
      run(steps);
    }
  }

  // Registers, workgroup memory and scratch mean nothing between blocks.
  void poison_private() {
    for (size_t i = 0; i < kernel_.buffers.size(); ++i) {
      const BufferSpace space = kernel_.buffers[i].space;
      if (!loops::is_parameter(space) || space == BufferSpace::scratch)
        poison(machine_.buffers[i], 0, machine_.buffers[i].storable);
    }
  }

  void run(const std::vector<Step>& steps) {
    for (const Step& step : steps) run(step);
  }

  void run(const Step& step) {
    if (!step.code.empty() || step.kind == Step::Kind::store) current_ = step.source;
    loops::run(step.code, machine_);
    switch (step.kind) {
      case Step::Kind::loop: {
        const int64_t extent = machine_.indices.run(step.index, machine_.variables);
        for (int64_t i = 0; i < extent; ++i) {
          machine_.variables[step.variable] = step.backwards ? extent - 1 - i : i;
          run(step.body);
        }
        return;
      }
      case Step::Kind::store: return store(step);
      case Step::Kind::bind: return;
      case Step::Kind::bind_index: return bind_index(step);
      case Step::Kind::branch:
        run(machine_.indices.run(step.index, machine_.variables) != 0 ? step.body : step.other);
        return;
    }
  }

  void store(const Step& step) {
    const int64_t index = machine_.indices.run(step.index, machine_.variables);
    const BufferView& buffer = machine_.buffers[step.buffer];
    if (index < 0 || index > buffer.storable - step.lanes) machine_.out_of_bounds(step.buffer, index);
    for (uint32_t lane = 0; lane < step.lanes; ++lane)
      write_lane(buffer, index + lane, machine_.lanes[step.value + lane]);
  }

  void bind_index(const Step& step) {
    const expr::Variable& variable = std::get<LetIndex>(step.source->node).variable;
    const int64_t v = lane_integer(DType::i32, machine_.lanes[step.value]);
    const bool inside = (!variable.range.min || v >= *variable.range.min) &&
                        (!variable.range.max || v <= *variable.range.max);
    if (!inside || v % variable.multiple_of != 0)
      stop(fmt::format("{} is no value of the index {}", v, variable.name));
    machine_.variables[step.variable] = v;
  }

  [[noreturn]] void stop(const std::string& what) {
    const std::string where = current_ ? print(*current_, buffer_names(kernel_)) : std::string();
    internal_error(__FILE__, __LINE__, what, where);
  }

  const Kernel& kernel_;
  Machine machine_;
  std::vector<size_t> sizes_;
  std::vector<std::vector<uint8_t>> registers_;
  const Statement* current_ = nullptr;
};

}  // namespace

void evaluate(const Kernel& kernel, std::vector<Memory>& memories,
              const std::map<std::string, int64_t, std::less<>>& symbols, int64_t begin, int64_t end) {
  Interpreter(kernel).run(memories, symbols, begin, end);
}

}  // namespace weft::loops
