// The shape rules that ops.def names.
#pragma once

#include <span>

#include "graph/graph.hpp"

namespace weft::graph::rules {

using Operands = std::span<const Type>;

std::unexpected<Error> mismatch(std::string message);

#define WEFT_RULE(name) Result<Type> name(Operands, const Attributes&)
WEFT_RULE(same);
WEFT_RULE(to_boolean);
WEFT_RULE(cast);
WEFT_RULE(select);
WEFT_RULE(reduce);
WEFT_RULE(arg_reduce);
WEFT_RULE(reduce_window);
WEFT_RULE(conv);
WEFT_RULE(conv_transpose);
WEFT_RULE(matmul);
WEFT_RULE(reshape);
WEFT_RULE(transpose);
WEFT_RULE(expand);
WEFT_RULE(slice);
WEFT_RULE(concat);
WEFT_RULE(pad);
WEFT_RULE(resize);
WEFT_RULE(gather);
#undef WEFT_RULE

}  // namespace weft::graph::rules
