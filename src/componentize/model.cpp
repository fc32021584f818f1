#include "componentize/model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "targets/wasm/assembler.hpp"

namespace weft::componentize {
namespace {

using wasm::Function;
using wasm::Instr;
using wasm::ValType;

constexpr ValType kI32 = ValType::i32, kI64 = ValType::i64;
/// What V8 takes as one module is 1 GiB.
constexpr uint64_t kMostWeights = 1000 << 20;

void export_function(wasm::Module& module, const char* name, const wasm::FuncType& type, auto&& body) {
  Function& function = module.add_function({}, type);  // without names the data comes last
  body(function);
  module.export_function(name, function.index());
}

void export_get(wasm::Module& module, const char* name, ValType type, Instr load) {
  export_function(module, name, {{kI32}, {type}}, [&](Function& f) {
    f.get(f.param(0));
    f.memory(load, 0, 0);
  });
}

/// put(address, values…): one after the other.
void export_put(wasm::Module& module, const char* name, ValType type, Instr store, uint32_t count) {
  std::vector<ValType> params = {kI32};
  params.insert(params.end(), count, type);
  export_function(module, name, {params, {}}, [&](Function& f) {
    for (uint32_t i = 0; i < count; ++i) {
      f.get(f.param(0));
      f.get(f.param(1 + i));
      f.memory(store, 8 * i, 0);
    }
  });
}

/// Replaces the one data segment, which is empty, passive and the end of the module, by `contents`.
Pieces with_data(std::vector<uint8_t> module, Pieces contents) {
  constexpr uint8_t kEmpty[] = {11, 3, 1, 1, 0};
  WEFT_CHECK(module.size() > sizeof kEmpty &&
                 std::equal(std::begin(kEmpty), std::end(kEmpty), module.end() - sizeof kEmpty),
             "the module does not end with an empty passive segment");
  module.resize(module.size() - sizeof kEmpty);
  uint64_t bytes = 0;
  for (const bundle::Piece& piece : contents) bytes += bundle::size(piece);
  ByteWriter segment;
  segment.u8(1);
  segment.u8(1);
  segment.leb_u(bytes);
  ByteWriter out;
  out.bytes(module);
  out.u8(11);
  out.leb_u(segment.size() + bytes);
  out.bytes(segment.data());
  Pieces pieces;
  pieces.emplace_back(out.take());
  for (bundle::Piece& piece : contents) pieces.push_back(std::move(piece));
  return pieces;
}

/// The model's memory and its weights: runtimes/component/model/imports.hpp has its functions.
Pieces memory_module(const ModelParts& parts, Pieces weights) {
  wasm::Module module;
  module.add_memory(
      {.min = static_cast<uint32_t>(parts.initial_pages), .max = static_cast<uint32_t>(parts.pages)});
  module.export_memory("memory");
  export_function(module, "pages", {{}, {kI32}}, [](Function& f) { f.op(Instr::memory_size); });
  export_function(module, "grow", {{kI32}, {kI32}}, [](Function& f) {
    f.get(f.param(0));
    f.op(Instr::memory_grow);
    f.i32(-1);
    f.op(Instr::i32_ne);
  });
  const uint32_t segment = module.add_passive_data({});
  export_function(module, "load", {{kI32, kI32, kI32}, {}}, [&](Function& f) {
    for (uint32_t i = 0; i < 3; ++i) f.get(f.param(i));
    f.memory_init(segment);
  });
  export_function(module, "drop", {{}, {}}, [&](Function& f) { f.data_drop(segment); });
  export_get(module, "get1", kI32, Instr::i32_load8_u);
  export_get(module, "get8", kI64, Instr::i64_load);
  export_put(module, "put1", kI32, Instr::i32_store8, 1);
  export_put(module, "put8", kI64, Instr::i64_store, 1);
  export_put(module, "put32", kI64, Instr::i64_store, 4);
  return with_data(module.encode(), std::move(weights));
}

Pieces facts_module(const std::string& facts) {
  constexpr size_t kPage = 65536;
  wasm::Module module;
  const auto pages = static_cast<uint32_t>((facts.size() + kPage - 1) / kPage);
  module.add_memory({.min = pages, .max = pages});
  module.add_data(0, {facts.begin(), facts.end()});
  export_function(module, "size", {{}, {kI32}},
                  [&](Function& f) { f.i32(static_cast<int32_t>(facts.size())); });
  export_get(module, "get1", kI32, Instr::i32_load8_u);
  Pieces pieces;
  pieces.emplace_back(module.encode());
  return pieces;
}

}  // namespace

Result<Pieces> model_component(ModelParts parts, Pieces host) {
  uint64_t bytes = 0;
  for (const bundle::Piece& piece : parts.weights) bytes += bundle::size(piece);
  if (bytes > kMostWeights)
    return fail(ErrorKind::limit,
                fmt::format("the weights have {} bytes, and a component holds {} at most: engines take no "
                            "larger modules",
                            bytes, kMostWeights));
  std::vector<CoreModule> modules(4);
  constexpr size_t kMemory = 0, kModel = 1, kFacts = 2, kHost = 3;
  modules[kMemory] = {memory_module(parts, std::move(parts.weights)), {}};
  modules[kModel] = {std::move(parts.module), {{"env", kMemory}}};
  modules[kFacts] = {facts_module(parts.facts), {}};
  modules[kHost] = {std::move(host), {{"memory", kMemory}, {"model", kModel}, {"facts", kFacts}}};
  return export_wasi_nn(std::move(modules));
}

Pieces without_begin(Pieces pieces, uint64_t bytes) {
  Pieces left;
  for (bundle::Piece& piece : pieces) {
    const uint64_t size = bundle::size(piece), taken = std::min(size, bytes);
    bytes -= taken;
    if (taken == size) continue;
    if (auto* range = std::get_if<BlobRange>(&piece)) {
      range->offset += taken;
      range->bytes -= taken;
    } else {
      auto& own = std::get<std::vector<uint8_t>>(piece);
      own.erase(own.begin(), own.begin() + static_cast<std::ptrdiff_t>(taken));
    }
    left.push_back(std::move(piece));
  }
  return left;
}

}  // namespace weft::componentize
