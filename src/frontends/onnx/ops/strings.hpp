// Strings in the graph: a tensor of strings is an i32 tensor of ids.
//
// Equal strings have equal ids; the model's own have fixed ones, numbered as they are met, of which 0 is the
// empty string: what a graph fills with zeros is empty strings. So Equal, Where, Gather and their kin are
// integer code, and need nothing of what is here. How a converter works with strings:
//
//   c.is_string(x)                    whether x holds strings; outputs of the model become strings by it
//   c.strings(shape, texts)           a constant: ids of the model's strings
//   c.string_id("yes")                one id, as a number
//   places_of(c, x, keys)             what each string of x is among keys; the way to all lookups:
//                                     gather(table with a row for what is none, places_of(c, x, keys))
//   c.emit(Op::gather, {labels, i})   strings by place, of a constant of strings: a string tensor again, and
//   so
//                                     is what reshape, transpose, concat, select … make of one
//   c.set_onnx_type(y, kString)       for ids that came about otherwise
//
// What reads or builds characters is a custom operation (custom_strings below; graph/custom.hpp lists them).
// An operator that takes strings stands in the list of takes_strings (strings.cpp); others refuse them by
// name.
#pragma once

#include "frontends/onnx/ops/emit.hpp"

namespace weft::onnx {

/// Whether a converter of this operator knows what to do with operands that are strings.
bool takes_strings(std::string_view domain, std::string_view op);
/// Fails when an operand is a string that the operator's converter would take for a number.
void check_strings(Call& c);

/// The place (i32, of x's shape) of each string of x among the keys, of equal ones the last; their number
/// where it is none.
ValueId places_of(Call& c, ValueId x, const std::vector<std::string>& keys);

/// A custom operation that gives strings, or numbers where `to` says another type.
ValueId custom_strings(Call& c, std::string name, std::vector<std::string> arguments,
                       std::vector<ValueId> inputs, const Dims& shape, DType to = DType::i32);

/// To or from strings (TensorProto.DataType).
ValueId cast_strings(Call& c, ValueId x, int32_t to);

}  // namespace weft::onnx
