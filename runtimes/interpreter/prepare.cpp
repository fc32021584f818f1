#include "interpreter/prepare.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "frontends/onnx/onnx.hpp"
#include "frontends/onnx/open_extents.hpp"
#include "graph/eval.hpp"
#include "passes/passes.hpp"

namespace weft::interpreter {
namespace {

/// Bytes that are the source's own.
class OwnedSource final : public Source {
 public:
  explicit OwnedSource(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)), view_(bytes_) {}
  uint64_t size() const override { return view_.size(); }
  Result<void> read(uint64_t offset, std::span<uint8_t> out) const override {
    return view_.read(offset, out);
  }

 private:
  std::vector<uint8_t> bytes_;
  MemorySource view_;
};

/// Of a source, a few ranges.
constexpr uint64_t kSmall = 64;
struct Kept {
  uint64_t offset;
  std::vector<uint8_t> bytes;
};
class KeptSource final : public Source {
 public:
  KeptSource(uint64_t size, std::vector<Kept> kept) : size_(size), kept_(std::move(kept)) {}
  uint64_t size() const override { return size_; }
  Result<void> read(uint64_t offset, std::span<uint8_t> out) const override {
    for (const Kept& kept : kept_) {
      if (offset != kept.offset || out.size() > kept.bytes.size()) continue;
      std::copy_n(kept.bytes.begin(), out.size(), out.begin());
      return {};
    }
    return fail(ErrorKind::invalid_model, "these bytes of the model are not kept");
  }

 private:
  uint64_t size_;
  std::vector<Kept> kept_;
};

/// Nodes over constants become constants, in blobs of their own.
Result<void> compute_constants(Prepared& p) {
  std::vector<graph::Node> left;
  for (graph::Node& node : p.g.nodes) {
    const bool constant =
        !node.inputs.empty() && node.loop == graph::kNoLoop && node.op != graph::Op::custom &&
        node.op != graph::Op::last && !graph::depends_on_symbols(p.g, node) &&
        std::ranges::all_of(node.inputs, [&](graph::ValueId x) { return p.g.is_constant(x); });
    if (!constant) {
      left.push_back(std::move(node));
      continue;
    }
    std::vector<graph::Tensor> operands;
    for (const graph::ValueId x : node.inputs) {
      WEFT_ASSIGN(t, graph::load_constant(p.g, x, p.blobs));
      operands.push_back(std::move(t));
    }
    std::vector<const graph::Tensor*> pointers;
    for (const graph::Tensor& t : operands) pointers.push_back(&t);
    WEFT_ASSIGN(y, graph::evaluate_node(p.g, node, pointers));
    const auto blob = static_cast<uint32_t>(p.blobs.size());
    p.g.constants[node.output] = BlobRange{blob, 0, y.bytes.size()};
    p.blobs.push_back(std::make_shared<OwnedSource>(std::move(y.bytes)));
  }
  p.g.nodes = std::move(left);
  p.g = passes::remove_dead(std::move(p.g));
  // What nothing reads any more is not kept.
  std::vector<bool> used(p.blobs.size(), false);
  for (const auto& [value, data] : p.g.constants)
    if (const auto* range = std::get_if<BlobRange>(&data)) used[range->blob] = true;
  for (size_t i = 0; i < used.size(); ++i)
    if (!used[i]) p.blobs[i] = nullptr;
  return {};
}

void check(const graph::Graph& g) {
  const Result<void> sound = graph::verify(g);
  WEFT_CHECK(sound.has_value(), to_string(sound.error()) + "\n" + graph::print(g));
}

/// The passes that pay off here: pipeline.cpp says what they are for.
Result<void> simplify(Prepared& p) {
  p.g = passes::expand_resize(passes::remove_dead(std::move(p.g)));
  WEFT_ASSIGN(folded, passes::fold_constants(std::move(p.g), p.blobs));
  p.g = passes::expand_conv_transpose(passes::fold_scales(passes::simplify(std::move(folded))));
  WEFT_ASSIGN(scaled, passes::fold_constants(std::move(p.g), p.blobs));
  p.g = passes::remove_dead(passes::simplify(std::move(scaled)));
  check(p.g);
  return compute_constants(p);
}

}  // namespace

Result<Prepared> prepare(std::vector<uint8_t> model) {
  const Blobs blobs = {std::make_shared<OwnedSource>(std::move(model))};
  WEFT_ASSIGN(imported, onnx::read_open(blobs, {}));
  Prepared p{std::move(imported.graph), std::move(imported.blobs)};
  WEFT_TRY(simplify(p));
  return p;
}

bool has_known_shapes(const graph::Graph& g) { return g.symbols.empty(); }

void shed_bytes(Prepared& model) {
  std::vector<std::vector<Kept>> kept(model.blobs.size());
  for (const auto& [value, data] : model.g.constants) {
    const auto* range = std::get_if<BlobRange>(&data);
    if (range == nullptr || range->bytes > kSmall) continue;
    if (Result<std::vector<uint8_t>> bytes = read_range(model.blobs, *range))
      kept[range->blob].push_back({range->offset, std::move(*bytes)});
  }
  for (size_t i = 0; i < kept.size(); ++i)
    if (model.blobs[i])
      model.blobs[i] = std::make_shared<KeptSource>(model.blobs[i]->size(), std::move(kept[i]));
}

Result<Prepared> with_shapes(const Prepared& model, const graph::SymbolValues& symbols) {
  if (has_known_shapes(model.g)) return model;
  Prepared p = model;
  p.g = graph::specialize(std::move(p.g), symbols);
  WEFT_TRY(simplify(p));
  return p;
}

}  // namespace weft::interpreter
