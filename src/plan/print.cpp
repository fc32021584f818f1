#include <fmt/format.h>

#include "loops/text.hpp"
#include "plan/program.hpp"
#include "plan/text.hpp"

namespace weft::plan {
namespace {

std::string indented(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const size_t next = end == std::string::npos ? text.size() : end + 1;
    out += "  ";
    out += text.substr(at, next - at);
    at = next;
  }
  return out;
}

std::string text(const Buffer& buffer) {
  std::string out = fmt::format("{} {} {}", kKindNames[static_cast<size_t>(buffer.kind)],
                                loops::quoted(buffer.name), buffer.bytes);
  if (buffer.window != 0) out += fmt::format(" window {}", buffer.window);
  if (buffer.slack != 0) out += fmt::format(" slack {}", buffer.slack);
  if (buffer.placed) out += fmt::format(" @ {}", buffer.address);
  if (buffer.needs) out += " needs " + expr::print(*buffer.needs);
  return out;
}

std::string text(const Call& call) {
  std::string out = fmt::format("call k{}(", call.kernel);
  for (size_t i = 0; i < call.buffers.size(); ++i) {
    out += fmt::format("{}b{}", i == 0 ? "" : ", ", call.buffers[i]);
    if (!call.offsets.empty() && !call.offsets[i].is_constant(0)) out += " + " + expr::print(call.offsets[i]);
  }
  out += ")";
  if (call.first) out += fmt::format(" first {}", *call.first);
  return out + fmt::format(" blocks {} grain {} @ {}", expr::print(call.blocks), call.grain,
                           loops::quoted(call.source));
}

std::string text(const Fill& fill) {
  const std::string bytes = fill.bytes ? " bytes " + expr::print(*fill.bytes) : std::string();
  return fmt::format("fill b{} {}{}", fill.buffer, fill.value, bytes);
}

std::string text(const Copy& copy) {
  return fmt::format("copy b{} <- b{} {}", copy.destination, copy.source, expr::print(copy.bytes));
}

std::string text(const Load& load) {
  return fmt::format("load b{} {} {}", load.buffer, load.begin, load.bytes);
}

std::string text(const Operand& operand) {
  std::string out = fmt::format("{}[", to_string(operand.dtype));
  for (size_t i = 0; i < operand.shape.size(); ++i)
    out += (i == 0 ? "" : ", ") + expr::print(operand.shape[i]);
  out += fmt::format("] b{}", operand.buffer);
  return operand.offset.is_constant(0) ? out : out + " + " + expr::print(operand.offset);
}

std::string text(const Custom& custom) {
  std::string arguments, inputs;
  for (const std::string& argument : custom.arguments)
    arguments += (arguments.empty() ? "" : ", ") + loops::quoted(argument);
  for (const Operand& input : custom.inputs) inputs += (inputs.empty() ? "" : ", ") + text(input);
  return fmt::format("custom {} [{}] ({}) -> {} @ {}", loops::quoted(custom.name), arguments, inputs,
                     text(custom.output), loops::quoted(custom.source));
}

std::string text(const Define& define) {
  return fmt::format("define {} = b{}", define.symbol, define.buffer);
}

std::string text(const Check& check) {
  return fmt::format("check b{} in [{}, {}] {} @ {}", check.buffer, expr::print(check.min),
                     expr::print(check.max), loops::quoted(check.what), loops::quoted(check.source));
}

std::string text(const Loop& loop) {
  const std::string condition = loop.condition ? fmt::format(" while b{}", *loop.condition) : std::string();
  return fmt::format("loop {} in 0..{}{} {{", loop.index, expr::print(loop.trips), condition);
}

std::string text(const If& node) { return fmt::format("if b{} {{", node.condition); }

std::string text(const End&) { return "}"; }

}  // namespace

std::string print(const Program& program) {
  std::string out = "program {\n";
  for (const auto& [name, symbol] : program.symbols) {
    out += fmt::format("  symbol {} in [{}, {}]", name, symbol.range.min.value_or(0),
                       symbol.range.max.value_or(INT64_MAX));
    out += symbol.multiple_of == 1 ? "\n" : fmt::format(" step {}\n", symbol.multiple_of);
  }
  for (size_t i = 0; i < program.buffers.size(); ++i)
    out += fmt::format("  buffer b{} {}\n", i, text(program.buffers[i]));
  for (const loops::Kernel& kernel : program.kernels) out += indented(loops::print(kernel));
  for (const Entry& entry : program.entries) {
    out += fmt::format("  {} {{\n", entry.name);
    size_t depth = 2;
    for (const Statement& statement : entry.statements) {
      if (std::holds_alternative<End>(statement) && depth > 2) --depth;
      out +=
          std::string(2 * depth, ' ') + std::visit([](const auto& s) { return text(s); }, statement) + "\n";
      if (std::holds_alternative<Loop>(statement) || std::holds_alternative<If>(statement)) ++depth;
    }
    out += "  }\n";
  }
  return out + "}\n";
}

}  // namespace weft::plan
