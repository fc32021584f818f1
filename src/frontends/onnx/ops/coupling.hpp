// Probabilities of classes from what is known of each two of them.
#pragma once

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

/// p[rows, classes], each row of sum 1, so that p[i] / (p[i] + p[j]) is near pairs[i, j], by as many
/// iterations as LIBSVM does: the second method of Wu, Lin and Weng, "Probability estimates for multi-class
/// classification by pairwise coupling" (2004). `pairs` is f32 [rows, classes, classes], 0 on the diagonal.
ValueId couple_pairs(Call& c, ValueId pairs, int64_t classes);

}  // namespace weft::onnx
