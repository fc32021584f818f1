"""python docs/small.py OUT.onnx: the model of ARCHITECTURE.md's example, a 3x3 convolution and a Relu."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(1)
weights = [
    numpy_helper.from_array(random.standard_normal((16, 3, 3, 3)).astype(np.float32), "w"),
    numpy_helper.from_array(random.standard_normal(16).astype(np.float32), "b"),
]
nodes = [
    helper.make_node("Conv", ["x", "w", "b"], ["c"], name="conv1", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    helper.make_node("Relu", ["c"], ["y"], name="relu1"),
]
x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 12, 12])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 16, 12, 12])
graph = helper.make_graph(nodes, "small", [x], [y], weights)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), sys.argv[1])
