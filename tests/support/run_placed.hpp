// A placed program on one memory, at the addresses of its plan: what a module does, and plan::evaluate, which
// gives each buffer memory of its own, cannot show.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "graph/custom.hpp"
#include "plan/moves.hpp"
#include "plan/program.hpp"

namespace weft::testing {

class PlacedMemory {
 public:
  /// `given`: contents of weights and inputs, by buffer, as long as the symbols make them.
  PlacedMemory(const plan::Program& program, uint64_t bytes, const plan::Contents& given,
               plan::SymbolValues symbols = {}, graph::Strings* strings = nullptr)
      : program_(program),
        given_(given),
        symbols_(std::move(symbols)),
        strings_(strings),
        addresses_(plan::addresses_of(program, symbols_)),
        memory_(static_cast<size_t>(addresses_.back()), 0xff) {
    EXPECT_LE(addresses_.back(), bytes);
    write(plan::BufferKind::weights, given);
    for (const plan::Entry& entry : program.entries) {
      if (entry.name == "run") write(plan::BufferKind::input, given);
      plan::execute(entry.statements,
                    {[this](const expr::Expr& e) { return value(e); },
                     [this](plan::BufferId id) { return *at(id) != 0; },
                     [this](const std::string& symbol, int64_t number) { symbols_[symbol] = number; },
                     [this](const plan::Statement& statement) {
                       std::visit([this](const auto& s) { run(s); }, statement);
                       return true;
                     }});
    }
  }

  std::vector<uint8_t> contents(plan::BufferId id) { return {at(id), at(id) + room(id)}; }

  /// The symbols' values at the end: those that were given, and those that the program computes.
  const plan::SymbolValues& symbols() const { return symbols_; }

 private:
  std::vector<uint8_t>::iterator at(plan::BufferId id, uint64_t offset = 0) {
    return memory_.begin() + static_cast<ptrdiff_t>(addresses_[id] + offset);
  }

  /// Bytes that the buffer has for these symbols.
  ptrdiff_t room(plan::BufferId id) const {
    return static_cast<ptrdiff_t>(value(plan::room_of(program_, program_.buffers[id])));
  }

  void write(plan::BufferKind kind, const plan::Contents& given) {
    for (plan::BufferId id = 0; id < program_.buffers.size(); ++id)
      if (program_.buffers[id].kind == kind) std::ranges::copy(given[id], at(id));
  }

  /// Of the whole: buffers with windows are not for this.
  void run(const plan::Load& load) { std::ranges::copy(given_[load.buffer], at(load.buffer)); }
  void run(const plan::Fill& fill) {
    std::fill_n(at(fill.buffer), fill.bytes ? value(*fill.bytes) : room(fill.buffer), fill.value);
  }
  void run(const plan::Copy& copy) { std::copy_n(at(copy.source), value(copy.bytes), at(copy.destination)); }
  void run(const plan::Loop&) {}
  void run(const plan::If&) {}
  void run(const plan::End&) {}
  void run(const plan::Define& define) {
    int32_t held = 0;
    std::memcpy(&held, &*at(define.buffer), sizeof held);
    symbols_[define.symbol] = held;
  }
  void run(const plan::Check&) {}  // what the tests give is in range
  void run(const plan::Call& call) {
    const loops::Kernel& kernel = program_.kernels[call.kernel];
    std::vector<loops::Memory> memories(kernel.buffers.size());
    const auto each = [&](auto visit) {
      size_t argument = 0;
      for (size_t i = 0; i < kernel.buffers.size(); ++i) {
        if (!loops::is_parameter(kernel.buffers[i].space)) continue;
        const auto begin =
            at(call.buffers[argument],
               call.offsets.empty() ? 0 : static_cast<uint64_t>(value(call.offsets[argument])));
        const auto bytes = std::max<int64_t>(value(kernel.buffers[i].elements), 0) *
                           static_cast<int64_t>(byte_size(kernel.buffers[i].dtype));
        EXPECT_LE(begin - at(call.buffers[argument]) + bytes, room(call.buffers[argument]));
        visit(i, begin, begin + bytes);
        ++argument;
      }
    };
    each([&](size_t i, auto begin, auto end) { memories[i].bytes.assign(begin, end); });
    loops::evaluate(kernel, memories, symbols_, 0, value(call.blocks));
    each([&](size_t i, auto begin, auto) {
      if (kernel.buffers[i].space != loops::BufferSpace::read) std::ranges::copy(memories[i].bytes, begin);
    });
  }

  void run(const plan::Custom& custom) {
    const auto read = [&](const plan::Operand& operand) {
      const auto begin = at(operand.buffer, static_cast<uint64_t>(value(operand.offset)));
      graph::Tensor out{operand.dtype, {}, {begin, begin + value(operand.bytes())}};
      for (const expr::Expr& extent : operand.shape) out.shape.push_back(value(extent));
      return out;
    };
    std::vector<graph::Tensor> inputs;
    for (const plan::Operand& input : custom.inputs) inputs.push_back(read(input));
    std::vector<const graph::Tensor*> pointers;
    for (const graph::Tensor& input : inputs) pointers.push_back(&input);
    graph::Tensor output = read(custom.output);
    const auto done = graph::evaluate_custom({custom.name, custom.arguments, output.dtype, {}}, pointers,
                                             output, *strings_);
    EXPECT_TRUE(done.has_value()) << custom.name;
    std::ranges::copy(output.bytes,
                      at(custom.output.buffer, static_cast<uint64_t>(value(custom.output.offset))));
  }

  int64_t value(const expr::Expr& e) const { return expr::evaluate(e, symbols_); }

  const plan::Program& program_;
  const plan::Contents& given_;
  plan::SymbolValues symbols_;
  graph::Strings* strings_;
  std::vector<uint64_t> addresses_;
  std::vector<uint8_t> memory_;
};

}  // namespace weft::testing
