#include "cli/peak_probe.hpp"

#include "targets/wasm/assembler.hpp"

namespace weft::cli {
namespace {

using wasm::Instr;
using wasm::Local;
using wasm::ValType;

constexpr uint32_t kChains = 12;
constexpr uint32_t kPageBytes = 65536;
constexpr uint32_t kStreamBytes = 64 << 20;  // what no second-level cache holds, and few third-level ones

/// What a probe is made of: vectors or scalars, fused or not.
struct Unit {
  bool vector = false, fused = false;

  ValType type() const { return vector ? ValType::v128 : ValType::f32; }
  Instr mul() const { return vector ? Instr::f32x4_mul : Instr::f32_mul; }
  Instr add() const { return vector ? Instr::f32x4_add : Instr::f32_add; }
  Instr load() const { return vector ? Instr::v128_load : Instr::f32_load; }
  Instr store() const { return vector ? Instr::v128_store : Instr::f32_store; }
  uint32_t bytes() const { return vector ? 16 : 4; }
  void constant(wasm::Function& f, float value) const {
    if (vector) f.v128_f32x4(value);
    else f.f32(value);
  }
};

/// Fused: the accumulator is the addend, as in a GEMM; engines copy any other addend first. Else half of the
/// chains multiply and half add, because with both in one chain the latency limits.
void step(wasm::Function& f, const Unit& unit, Local chain, uint32_t number, Local a, Local b) {
  if (unit.fused) {
    f.get(a);
    f.get(b);
    f.get(chain);
    f.op(Instr::f32x4_relaxed_madd);
  } else {
    f.get(chain);
    f.get(number % 2 == 0 ? a : b);
    f.op(number % 2 == 0 ? unit.mul() : unit.add());
  }
  f.set(chain);
}

/// The chains take their operands as parameters, so that no engine computes them when it compiles.
wasm::Function& add_chains(wasm::Module& module, const Unit& unit) {
  wasm::Function& f =
      module.add_function("chains", {{ValType::i32, unit.type(), unit.type()}, {unit.type()}});
  const Local rounds = f.param(0), a = f.param(1), b = f.param(2);
  std::vector<Local> chains;
  for (uint32_t i = 0; i < kChains; ++i) {
    chains.push_back(f.local(unit.type()));
    f.get(a);
    f.set(chains[i]);
  }
  f.loop([&](wasm::Label again) {
    for (uint32_t i = 0; i < kChains; ++i) step(f, unit, chains[i], i, a, b);
    f.get(rounds);
    f.i32(1);
    f.op(Instr::i32_sub);
    f.tee(rounds);
    f.br_if(again);
  });
  for (const Local chain : chains) f.get(chain);
  for (uint32_t i = 1; i < kChains; ++i) f.op(unit.add());
  return f;
}

/// stream(bytes): copies them from the start of the memory to its second half, as a kernel would.
void add_stream(wasm::Module& module, const Unit& unit) {
  wasm::Function& f = module.add_function("stream", {{ValType::i32}, {}});
  const Local left = f.param(0), at = f.local(ValType::i32);
  f.loop([&](wasm::Label again) {
    for (uint32_t i = 0; i < 4; ++i) {
      f.get(at);
      f.get(at);
      f.memory(unit.load(), i * unit.bytes());
      f.memory(unit.store(), kStreamBytes + i * unit.bytes());
    }
    f.get(at);
    f.i32(static_cast<int32_t>(4 * unit.bytes()));
    f.op(Instr::i32_add);
    f.tee(at);
    f.get(left);
    f.op(Instr::i32_lt_u);
    f.br_if(again);
  });
  module.export_function("stream", f.index());
}

std::vector<uint8_t> assemble(const Unit& unit) {
  wasm::Module module;
  constexpr uint32_t kPages = 2 * kStreamBytes / kPageBytes;
  module.add_memory({.min = kPages, .max = kPages});
  add_stream(module, unit);
  const wasm::Function& chains = add_chains(module, unit);
  wasm::Function& peak = module.add_function("peak", {{ValType::i32}, {ValType::f32}});
  peak.get(peak.param(0));
  unit.constant(peak, 1.0F);
  unit.constant(peak, 1e-6F);
  peak.call(chains);
  if (unit.vector) peak.lane(Instr::f32x4_extract_lane, 0);
  module.export_function("peak", peak.index());
  return module.encode();
}

}  // namespace

PeakProbe peak_probe(const std::string& variant) {
  const Unit unit{variant != "scalar", variant == "relaxed"};
  const uint32_t flops = kChains * (unit.vector ? 4 : 1) * (unit.fused ? 2 : 1);
  return {unit.fused ? "FMA" : "mul+add", assemble(unit), flops, kStreamBytes};
}

}  // namespace weft::cli
