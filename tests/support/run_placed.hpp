// A placed program on one memory, at the addresses of its plan: what a module does, and plan::evaluate, which
// gives each buffer memory of its own, cannot show.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "plan/moves.hpp"
#include "plan/program.hpp"

namespace weft::testing {

class PlacedMemory {
 public:
  /// `given`: contents of weights and inputs, by buffer, as long as the symbols make them.
  PlacedMemory(const plan::Program& program, uint64_t bytes, const plan::Contents& given,
               plan::SymbolValues symbols = {})
      : program_(program),
        given_(given),
        symbols_(std::move(symbols)),
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

  int64_t value(const expr::Expr& e) const { return expr::evaluate(e, symbols_); }

  const plan::Program& program_;
  const plan::Contents& given_;
  plan::SymbolValues symbols_;
  std::vector<uint64_t> addresses_;
  std::vector<uint8_t> memory_;
};

}  // namespace weft::testing
