#include <fmt/format.h>

#include "plan/moves.hpp"
#include "plan/program.hpp"
#include "plan/stream_weights.hpp"
#include "support/text_cases.hpp"

namespace weft::plan {
namespace {

template <class Function>
std::string with_program(const std::string& input, Function function) {
  const auto parsed = parse(input);
  return parsed ? function(*parsed) : to_string(parsed.error());
}

std::string verified(const Program& program) {
  const auto ok = verify(program);
  return ok ? "ok" : to_string(ok.error());
}

/// What prepare leaves in the prepared buffers, from weights that count up.
std::vector<std::vector<uint8_t>> prepared(const Program& program) {
  Contents contents(program.buffers.size());
  for (size_t i = 0; i < contents.size(); ++i) {
    if (program.buffers[i].kind != BufferKind::weights) continue;
    contents[i].resize(program.buffers[i].bytes);
    for (size_t byte = 0; byte < contents[i].size(); ++byte)
      contents[i][byte] = static_cast<uint8_t>(7 * byte + i);
  }
  evaluate(program, "prepare", contents);
  std::vector<std::vector<uint8_t>> out;
  for (size_t i = 0; i < contents.size(); ++i)
    if (program.buffers[i].kind == BufferKind::prepared) out.push_back(contents[i]);
  return out;
}

/// The file holds the weights in the order of their ids; a window has 128 bytes.
std::string streamed(Program program) {
  StreamOptions options{.order = {}, .window = 128};
  for (BufferId id = 0; id < program.buffers.size(); ++id)
    if (program.buffers[id].kind == BufferKind::weights) options.order.push_back(id);
  Streamed out = stream_weights(program, options);
  EXPECT_EQ(verified(out.program), "ok");
  EXPECT_EQ(prepared(out.program), prepared(program));
  EXPECT_EQ(print(*parse(print(out.program))), print(out.program));
  std::string text;
  for (const Uncut& weight : out.uncut) text += fmt::format("b{} whole: {}\n", weight.buffer, weight.reason);
  EXPECT_TRUE(place_buffers(out.program, 1024).has_value());
  EXPECT_EQ(verified(out.program), "ok");
  const std::string all = print(out.program);
  return text + all.substr(0, all.find("  kernel")) + all.substr(all.find("  prepare"));
}

/// Where the buffers lie for the least, the middle and the greatest symbols.
std::string moved(Program program) {
  const auto plan = place_buffers(program, 1000);
  if (!plan) return to_string(plan.error());
  EXPECT_EQ(verified(program), "ok");
  std::string text = fmt::format("before any: {} bytes\n", plan->fixed_bytes);
  for (const int64_t quarter : {0, 1, 4}) {
    SymbolValues values;
    for (const auto& [name, symbol] : program.symbols)
      values[name] = *symbol.range.min + quarter * (*symbol.range.max - *symbol.range.min) / 4;
    const std::vector<uint64_t> at = addresses_of(program, values);
    for (const auto& [name, value] : values) text += fmt::format("{} = {}: ", name, value);
    text += fmt::format("{} bytes", at.back());
    for (size_t id = 0; id + 1 < at.size(); ++id) {
      text += fmt::format(", b{} @ {}", id, at[id]);
      EXPECT_LE(at[id], program.buffers[id].address);
      if (quarter == 4) {
        EXPECT_EQ(at[id], program.buffers[id].address);
      }
    }
    text += "\n";
  }
  return text;
}

TEST(Plan, Cases) {
  const weft::testing::TextFunctions functions = {
      {"roundtrip", [](const std::string& text) { return with_program(text, print); }},
      {"verify", [](const std::string& text) { return with_program(text, verified); }},
      {"stream", [](const std::string& text) { return with_program(text, streamed); }},
      {"share",
       [](const std::string& text) {
         return with_program(text, [](Program program) { return print(share_kernels(std::move(program))); });
       }},
      {"move", [](const std::string& text) { return with_program(text, moved); }},
      {"place",
       [](const std::string& text) {
         return with_program(text, [](Program program) {
           const auto plan = place_buffers(program, 1000);
           if (!plan) return to_string(plan.error());
           EXPECT_EQ(verified(program), "ok");
           return "static " + std::to_string(plan->static_end) + " weights " +
                  std::to_string(plan->weights_bytes) + " arena " + std::to_string(plan->arena_bytes) +
                  " peak " + std::to_string(plan->peak_live_bytes) + " total " +
                  std::to_string(plan->total_bytes) + "\n" + print(program);
         });
       }},
  };
  weft::testing::run_text_cases("tests/plan/cases", functions, 15);
}

}  // namespace
}  // namespace weft::plan
