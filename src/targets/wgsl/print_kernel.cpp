#include "targets/wgsl/print_kernel.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "loops/verify_threads.hpp"
#include "targets/wgsl/names.hpp"
#include "targets/wgsl/print_value.hpp"

namespace weft::wgsl {
namespace {

using namespace loops;

class KernelPrinter {
 public:
  KernelPrinter(const Kernel& kernel, uint32_t number)
      : kernel_(kernel), number_(number), threads_(thread_count(kernel)) {
    naming_.index = [this](const std::string& name) { return index_name(name); };
    naming_.local = [this](const std::string& name) { return names_.of("l_", name); };
    naming_.element = [this](uint32_t buffer, const Expr& index) { return loaded(buffer, index); };
    for (uint32_t i = 0; i < kernel.buffers.size(); ++i) {
      const bool registers = kernel.buffers[i].space == BufferSpace::registers;
      sliced_.push_back(registers && threads_ && has_slices(kernel, i));
    }
    barriers_ = std::ranges::any_of(kernel.buffers,
                                    [](const Buffer& b) { return b.space == BufferSpace::workgroup; });
  }

  std::string run() {
    declare_params();
    for (const Buffer& buffer : kernel_.buffers)
      if (buffer.space == BufferSpace::workgroup)
        out_ += fmt::format("var<workgroup> {}: {};\n", shared(buffer), array(buffer, elements(buffer)));
    out_ += fmt::format(
        "@compute @workgroup_size({})\n"
        "fn kernel{}(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: "
        "u32) "
        "{{\n  let block = params{}.begin + group.x;\n  if block >= params{}.end {{ return; }}\n",
        threads_.value_or(1), number_, number_, number_);
    for (size_t i = 0; i < kernel_.buffers.size(); ++i) declare(kernel_.buffers[i], sliced_[i]);
    block(kernel_.body, 1);
    out_ += "}\n";
    return std::move(out_);
  }

 private:
  std::string index_name(const std::string& name) {
    if (kernel_.symbols.contains(name))
      return fmt::format("i32(params{}.{})", number_, names_.of("s_", name));
    return names_.of("i_", name);
  }

  // Declarations
  // -----------------------------------------------------------------------------------------------
  void declare_params() {
    std::string fields = "begin: u32, end: u32";
    for (const Buffer& buffer : kernel_.buffers)
      if (is_parameter(buffer.space)) fields += fmt::format(", {}: u32", names_.of("b_", buffer.name));
    for (const auto& [name, facts] : kernel_.symbols)
      fields += fmt::format(", {}: u32", names_.of("s_", name));
    out_ += fmt::format(
        "// {}\nstruct Params{} {{ {} }}\n@group(0) @binding(1) var<uniform> params{}: Params{};\n",
        comment_text(kernel_.name), number_, fields, number_, number_);
  }

  static int64_t elements(const Buffer& buffer) {
    const auto count = buffer.elements.as_constant();
    WEFT_CHECK(count.has_value(), buffer.name);
    return std::max<int64_t>(1, *count);
  }

  static std::string array(const Buffer& buffer, int64_t count) {
    return fmt::format("array<{}, {}>", type_name(buffer.dtype), count);
  }

  /// Module scope: one name per kernel.
  std::string shared(const Buffer& buffer) {
    return fmt::format("k{}_{}", number_, names_.of("w_", buffer.name));
  }

  void declare(const Buffer& buffer, bool sliced) {
    const std::string& name = names_.of("b_", buffer.name);
    if (is_parameter(buffer.space))
      out_ += fmt::format("  let {} = params{}.{} / 4u;\n", name, number_, name);
    if (buffer.space == BufferSpace::registers)
      out_ += fmt::format("  var {}: {};\n", name,
                          array(buffer, sliced ? elements(buffer) / *threads_ : elements(buffer)));
  }

  // Memory
  // -----------------------------------------------------------------------------------------------
  /// The element as a place: a word of memory, or an element of a typed array.
  std::string place(uint32_t number, const Expr& index) {
    const Buffer& buffer = kernel_.buffers[number];
    if (is_parameter(buffer.space))
      return fmt::format("memory[{} + u32({})]", names_.of("b_", buffer.name),
                         print_index(index, naming_.index));
    if (buffer.space == BufferSpace::workgroup)
      return fmt::format("{}[{}]", shared(buffer), print_index(index, naming_.index));
    const Expr own = sliced_[number] ? *index_in_slice(index, thread_, elements(buffer), *threads_) : index;
    return fmt::format("{}[{}]", names_.of("b_", buffer.name), print_index(own, naming_.index));
  }

  std::string loaded(uint32_t number, const Expr& index) {
    const Buffer& buffer = kernel_.buffers[number];
    const bool word = !is_parameter(buffer.space) || buffer.dtype == DType::u32;
    const std::string text = place(number, index);
    return word ? text : fmt::format("bitcast<{}>({})", type_name(buffer.dtype), text);
  }

  // Statements
  // -----------------------------------------------------------------------------------------------
  void line(int depth, const std::string& text) {
    out_.append(static_cast<size_t>(2 * depth), ' ');
    out_ += text + "\n";
  }

  std::string value(const Value& v, int depth) {
    return ValuePrinter(naming_, std::string(static_cast<size_t>(2 * depth), ' '), temporaries_, out_)
        .print(v);
  }

  void block(const Block& statements, int depth) {
    for (const Statement& s : statements) std::visit([&](const auto& node) { print(node, depth); }, s.node);
  }

  void print(const For& loop, int depth) {
    const std::string name = names_.of("i_", loop.variable);
    if (loop.kind == ForKind::blocks) {
      line(depth, fmt::format("let {} = i32(block);", name));
      return block(*loop.body, depth);
    }
    if (loop.kind == ForKind::threads) {
      thread_ = loop.variable;
      line(depth, "{");
      line(depth + 1, fmt::format("let {} = i32(invocation);", name));
    } else {
      const std::string extent = print_index(loop.extent, naming_.index);
      line(depth, fmt::format("for (var {0} = 0i; {0} < {1}; {0}++) {{", name, extent));
    }
    block(*loop.body, depth + 1);
    line(depth, "}");
    // What the next loop over threads reads, and what it overwrites.
    if (loop.kind == ForKind::threads && barriers_) line(depth, "workgroupBarrier();");
  }

  void print(const Store& store, int depth) {
    const Buffer& buffer = kernel_.buffers[store.buffer];
    const std::string text = value(store.value, depth);
    const bool word = !is_parameter(buffer.space) || buffer.dtype == DType::u32;
    const std::string target = place(store.buffer, store.index);
    line(depth, target + " = " + (word ? text : "bitcast<u32>(" + text + ")") + ";");
  }

  void print(const Let& let, int depth) {
    const std::string text = value(let.value, depth);
    line(depth, fmt::format("let {} = {};", names_.of("l_", let.name), text));
  }

  void print(const LetIndex& let, int depth) {
    const std::string text = value(let.value, depth);
    line(depth, fmt::format("let {} = {};", names_.of("i_", let.variable.name), text));
  }

  void print(const If& node, int depth) {
    line(depth, fmt::format("if {} {{", print_condition(node.condition, naming_.index)));
    block(*node.then_block, depth + 1);
    if (node.else_block) {
      line(depth, "} else {");
      block(*node.else_block, depth + 1);
    }
    line(depth, "}");
  }

  const Kernel& kernel_;
  uint32_t number_;
  std::optional<int64_t> threads_;
  bool barriers_ = false;
  std::vector<bool> sliced_;  ///< registers of which an invocation keeps its slice
  Names names_;
  Naming naming_;
  std::string out_;
  std::string thread_;  ///< the variable of the loop over threads around
  uint32_t temporaries_ = 0;
};

}  // namespace

std::string print_kernel(const Kernel& kernel, uint32_t number) {
  return KernelPrinter(kernel, number).run();
}

uint32_t params_words(const Kernel& kernel) {
  const auto parameters =
      std::ranges::count_if(kernel.buffers, [](const Buffer& buffer) { return is_parameter(buffer.space); });
  return static_cast<uint32_t>(2 + parameters + static_cast<std::ptrdiff_t>(kernel.symbols.size()));
}

}  // namespace weft::wgsl
