#include "bundle/weights.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "bundle/text.hpp"

namespace weft::bundle {
namespace {

using graph::ConstantData;
using graph::ValueId;

constexpr uint64_t kAlignment = 64;
constexpr uint64_t kMaxHeader = 100'000'000;

const ConstantData& data(const graph::Graph& g, ValueId id) {
  const auto found = g.constants.find(id);
  WEFT_CHECK(found != g.constants.end(), "no constant");
  return found->second;
}

/// Names are unique in the graph, but may no longer be once they are UTF-8; `__metadata__` means something
/// else in this format.
std::string unique_name(const std::string& name, std::set<std::string>& taken) {
  const std::string valid = valid_utf8(name);
  std::string unique = valid;
  for (uint32_t i = 1; !taken.insert(unique).second; ++i) unique = fmt::format("{}_{}", valid, i);
  return unique;
}

Piece make_piece(const ConstantData& constant) {
  return std::visit([](const auto& d) { return Piece(d); }, constant);
}

Result<void> check_size(const graph::Value& value, const graph::Ints& shape, uint64_t bytes) {
  uint64_t expected = byte_size(value.type.dtype);
  for (const int64_t extent : shape)
    if (extent < 0 || __builtin_mul_overflow(expected, static_cast<uint64_t>(extent), &expected))
      return fail(ErrorKind::limit, "the constant is too large", value.name);
  if (expected == bytes) return {};
  return fail(ErrorKind::invalid_model,
              fmt::format("the constant of type {} has {} bytes instead of {}", graph::to_string(value.type),
                          bytes, expected),
              value.name);
}

std::vector<uint8_t> header_bytes(std::string text) {
  while ((8 + text.size()) % kAlignment != 0) text += ' ';
  ByteWriter out;
  out.u64(text.size());
  out.text(text);
  return out.take();
}

}  // namespace

Result<WeightsFile> write_weights(const graph::Graph& g, const std::vector<ValueId>& constants) {
  WeightsFile out;
  out.file.name = "model.weights";
  out.file.chunk_bytes = kWeightsChunkBytes;
  out.file.pieces.emplace_back();
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::set<std::string> taken = {"__metadata__"};
  for (const ValueId id : constants) {
    const graph::Value& value = g.values[id];
    const auto shape = graph::constant_shape(value.type.shape);
    WEFT_CHECK(shape.has_value(), value.name);
    Piece piece = make_piece(data(g, id));
    const WeightRange range{out.data_bytes, size(piece)};
    WEFT_TRY(check_size(value, *shape, range.bytes));
    nlohmann::ordered_json tensor = nlohmann::ordered_json::object();
    tensor["dtype"] = std::string(info(value.type.dtype).safetensors);
    tensor["shape"] = *shape;
    tensor["data_offsets"] = {range.offset, range.offset + range.bytes};
    header[unique_name(value.name, taken)] = std::move(tensor);
    out.tensors.emplace(id, range);
    out.data_bytes += range.bytes;
    out.file.pieces.push_back(std::move(piece));
  }
  std::vector<uint8_t> bytes = header_bytes(header.dump());
  if (bytes.size() > kMaxHeader)
    return fail(ErrorKind::limit, "the names of the weights take more than 100 MB");
  out.header_bytes = bytes.size();
  out.file.pieces.front() = std::move(bytes);
  return out;
}

}  // namespace weft::bundle
