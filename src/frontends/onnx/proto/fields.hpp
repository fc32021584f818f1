// The field numbers of onnx.proto that weft reads (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
#pragma once

#include <cstdint>

namespace weft::onnx::fields {

#define WEFT_MESSAGE(Name, ...)      \
  struct Name {                      \
    enum : uint32_t { __VA_ARGS__ }; \
  }
WEFT_MESSAGE(Model, ir_version = 1, producer_name = 2, producer_version = 3, graph = 7, opset_import = 8,
             functions = 25);
WEFT_MESSAGE(Function, name = 1, input = 4, output = 5, attribute = 6, node = 7, opset_import = 9,
             domain = 10, attribute_proto = 11);
WEFT_MESSAGE(OperatorSetId, domain = 1, version = 2);
WEFT_MESSAGE(Graph, node = 1, name = 2, initializer = 5, input = 11, output = 12, sparse_initializer = 15);
WEFT_MESSAGE(Node, input = 1, output = 2, name = 3, op_type = 4, attribute = 5, domain = 7);
WEFT_MESSAGE(Attribute, name = 1, f = 2, i = 3, s = 4, t = 5, g = 6, floats = 7, ints = 8, strings = 9,
             type = 20, ref_attr_name = 21);
WEFT_MESSAGE(Tensor, dims = 1, data_type = 2, float_data = 4, int32_data = 5, string_data = 6, int64_data = 7,
             name = 8, raw_data = 9, double_data = 10, uint64_data = 11, external_data = 13,
             data_location = 14);
WEFT_MESSAGE(ValueInfo, name = 1, type = 2);
WEFT_MESSAGE(Type, tensor_type = 1, sequence_type = 4, optional_type = 9);
WEFT_MESSAGE(TypeSequence, elem_type = 1);
WEFT_MESSAGE(TypeOptional, elem_type = 1);
WEFT_MESSAGE(TypeTensor, elem_type = 1, shape = 2);
WEFT_MESSAGE(TensorShape, dim = 1);
WEFT_MESSAGE(Dimension, dim_value = 1, dim_param = 2);
WEFT_MESSAGE(StringStringEntry, key = 1, value = 2);
#undef WEFT_MESSAGE

}  // namespace weft::onnx::fields
