// Models whose inputs' extents nobody has given.
#pragma once

#include "frontends/onnx/onnx.hpp"

namespace weft::onnx {

/// Options that give the extents that `read` leaves open ranges, the widest first: some forms are refused
/// only where extents may be large. Batches, which multiply all else, are the first to be narrow. What a step
/// appends to (an output has the type of an input but for this extent) may be 0 where the model allows it.
std::vector<ReadOptions> open_extents(const Summary& summary, const ReadOptions& read);

/// Whether narrower ranges might help after this error.
bool may_fit_smaller(const Error& error, const Summary& summary);

/// read_onnx, with the first of these ranges that it takes where extents are open.
Result<Import> read_open(const Blobs& blobs, const ReadOptions& read);

}  // namespace weft::onnx
