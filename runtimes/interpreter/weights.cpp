#include "interpreter/weights.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weft::interpreter {

std::string Weights::key_of(const std::string& form, const BlobRange& range) {
  return fmt::format("{} {} {} {}", form, range.blob, range.offset, range.bytes);
}

Result<std::shared_ptr<const Held>> Weights::tensor(const graph::Graph& g, graph::ValueId value,
                                                    const Blobs& blobs) {
  return made<Held>("tensor", g, value, [&]() -> Result<std::shared_ptr<const Held>> {
    WEFT_ASSIGN(t, graph::load_constant(g, value, blobs));
    auto held = std::make_shared<Held>(t.bytes.size());
    if (!held->good()) return fail(ErrorKind::limit, "there is no memory for a constant");
    std::ranges::copy(t.bytes, held->data());
    return held;
  });
}

}  // namespace weft::interpreter
