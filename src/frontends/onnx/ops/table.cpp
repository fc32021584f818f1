// The rows of ops.def.
#include <limits>

#include "frontends/onnx/ops/converters.hpp"

namespace weft::onnx {
namespace {

constexpr int64_t kLatest = std::numeric_limits<int64_t>::max();

constexpr OpRow kRows[] = {
#define WEFT_ONNX(domain, name, since, until, converter) {domain, name, since, until, converter},
#include "frontends/onnx/ops.def"
#undef WEFT_ONNX
};

}  // namespace

const OpRow* find_operator(std::string_view domain, std::string_view name, int64_t version) {
  for (const OpRow& row : kRows)
    if (row.name == name && row.domain == domain && version >= row.since && version < row.until) return &row;
  return nullptr;
}

}  // namespace weft::onnx
