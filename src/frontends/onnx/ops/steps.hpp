// Recurrences that are written out, over a sequence whose length may depend on symbols: as many steps as
// there can be, of which those behind the end change nothing.
#pragma once

#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {

struct Step {
  expr::Expr place;     ///< in the sequence; some place where there is no such step
  Term time = 0;        ///< the same as an i32 term, outside where there is no such step
  bool is_sure = true;  ///< whether every length has it
};

/// The most steps that a sequence has; fails above kMaxUnrolled.
int64_t most_steps(Call& c, const expr::Expr& length);
Step step_of(Call& c, const expr::Expr& length, int64_t index, bool backward = false);
/// Whether there is such a step.
Term exists(Call& c, const Step& step, const expr::Expr& length);
/// What the steps made (extent 1 along the axis), in the order of time.
ValueId sequence_of(Call& c, std::vector<ValueId> outputs, int64_t axis, const expr::Expr& length,
                    bool backward = false);

}  // namespace weft::onnx
