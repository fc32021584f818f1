// A stage: the algorithm of one kernel, with no word about order, tiles, vectors or memory. Lowering makes
// stages, a Schedule and the Storages of its tensors turn one into a Kernel (schedule/apply.hpp).
//
// Meaning. For every point of the spatial axes: without fold, output[output_indices] = result. With a fold,
// every state starts at its init, is updated once per point of the reduction axes (all states at once, from
// their old values), in any order that its merge allows, and then output[output_indices] = result, in which
// `local "name"` reads a state's final value. Axis variables are index variables of the axis' name with range
// [0, extent). Values read tensors by `access` with logical indices.
#pragma once

#include <string>
#include <vector>

#include "loops/loops.hpp"

namespace weft::loops {

struct Axis {
  std::string name;
  Expr extent;
};
/// The axis' index variable, with its range.
Expr axis_variable(const Axis& axis);

struct TensorOperand {
  std::string name;  ///< for printing; unique within the stage
  DType dtype = DType::f32;
  std::vector<Expr> shape;      ///< logical
  uint32_t value = UINT32_MAX;  ///< the graph value it is (opaque here)
};

struct FoldState {
  std::string name;
  Type type;
  Value init;    ///< may not use reduction axes
  Value update;  ///< uses `local` of the states, accesses, and all axes
};

/// An index that comes from data: bound at every point, in front of whatever uses it.
struct IndexBinding {
  expr::Variable variable;
  Value value;  ///< i32, within the variable's range
};

struct Stage {
  std::string name;
  std::vector<Axis> spatial;           ///< the output's iteration space
  std::vector<Axis> reduction;         ///< empty when there is no fold
  std::vector<TensorOperand> tensors;  ///< inputs first, the output last
  std::vector<IndexBinding> bindings;  ///< may use earlier ones
  std::vector<FoldState> fold;
  Value result;
  std::vector<Expr> output_indices;  ///< logical indices into the output tensor, in terms of the spatial axes
};

std::string print(const Stage& stage);

}  // namespace weft::loops
