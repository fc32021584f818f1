// A guest of wasi_ephemeral_nn for tests: a memory to put things into, and calls by name.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "nn/witx.hpp"
#include "support/nn_backend.hpp"

namespace weft::nn {

/// The code of a tensor type in witx.
enum Type : uint32_t { kF16 = 0, kF32 = 1, kF64 = 2, kU8 = 3, kI32 = 4, kI64 = 5 };

constexpr uint32_t kBeyond = 0x10000;  // the end of the guest's memory

struct Guest {
  FakeBackend backend;
  Registry registry;
  std::vector<std::string> logged;
  Host host;
  std::vector<uint8_t> memory = std::vector<uint8_t>(kBeyond, 0xAA);
  uint32_t top = 16;

  explicit Guest(Limits limits = {})
      : host(backend, registry, limits, [this](std::string_view text) { logged.emplace_back(text); }) {}
  Guest(const Guest&) = delete;

  Errno call(std::string_view name, std::vector<uint32_t> arguments) {
    const auto rows = functions();
    const auto row = std::ranges::find(rows, name, &Function::name);
    if (row == rows.end()) std::abort();
    const size_t before = logged.size();
    const Errno code = host.call(static_cast<size_t>(row - rows.begin()), arguments, memory);
    // Every failure says why, once; busy is said within the call that it was in. An end is no failure.
    if (code == Errno::end_of_sequence) EXPECT_EQ(logged.size(), before);
    else if (code != Errno::success) {
      EXPECT_GE(logged.size(), before + 1) << name;
      EXPECT_TRUE(logged.back().starts_with(std::string(name) + ": " + std::string(to_string(code)) + ": "))
          << logged.back();
    }
    return code;
  }

  uint32_t put(std::span<const uint8_t> bytes) {
    const uint32_t at = top;
    std::ranges::copy(bytes, memory.begin() + at);
    top += static_cast<uint32_t>(bytes.size() + 7) / 8 * 8;
    return at;
  }
  uint32_t put(std::string_view text) {
    return put(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  }
  uint32_t words(const std::vector<uint32_t>& values) {
    std::vector<uint8_t> bytes(values.size() * 4);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(values[i / 4] >> (8 * (i % 4)));
    return put(bytes);
  }
  uint32_t word(uint32_t at) const {
    return uint32_t{memory[at]} | uint32_t{memory[at + 1]} << 8 | uint32_t{memory[at + 2]} << 16 |
           uint32_t{memory[at + 3]} << 24;
  }
  std::vector<uint8_t> bytes(uint32_t at, uint32_t count) const {
    return {memory.begin() + at, memory.begin() + at + count};
  }

  /// Parts as an array of builders.
  uint32_t builders(const std::vector<std::vector<uint8_t>>& parts) {
    std::vector<uint32_t> array;
    for (const auto& part : parts) {
      array.push_back(put(part));
      array.push_back(static_cast<uint32_t>(part.size()));
    }
    return words(array);
  }
  Errno load(const std::vector<uint8_t>& model, uint32_t encoding = 1, uint32_t target = 0,
             uint32_t out = 0) {
    return call("load", {builders({model}), 1, encoding, target, out});
  }
  /// A graph of this recipe.
  uint32_t graph(std::string_view recipe) {
    EXPECT_EQ(load(fake_model(recipe)), Errno::success) << recipe;
    return word(0);
  }
  uint32_t context(uint32_t graph) {
    EXPECT_EQ(call("init_execution_context", {graph, 0}), Errno::success);
    return word(0);
  }

  /// The struct `tensor`, with rubbish in its padding.
  uint32_t tensor(const std::vector<uint32_t>& dims, uint32_t type, std::span<const uint8_t> data) {
    const uint32_t extents = words(dims);
    const uint32_t content = put(data);
    return words({extents, static_cast<uint32_t>(dims.size()), type | 0x10000300u, content,
                  static_cast<uint32_t>(data.size())});
  }
  Errno set_input(uint32_t context, uint32_t index, const std::vector<uint32_t>& dims, uint32_t type,
                  const std::vector<uint8_t>& data) {
    return call("set_input", {context, index, tensor(dims, type, data)});
  }
  /// The bytes of an output; a failure is an empty vector and a failed test.
  std::vector<uint8_t> output(uint32_t context, uint32_t index = 0) {
    const uint32_t buffer = 0xC000;
    EXPECT_EQ(call("get_output", {context, index, buffer, 0x2000, 8}), Errno::success);
    return bytes(buffer, word(8));
  }
};

}  // namespace weft::nn
