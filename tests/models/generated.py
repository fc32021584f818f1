"""tests/models/generated.py FOLDER: small models of forms that the large ones do not have, with seeded weights. One .onnx file each."""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh

rng = np.random.default_rng(3)
node = h.make_node


def weight(name, *shape, scale=None):
    scale = scale or 1 / np.sqrt(np.prod(shape[1:]) if len(shape) > 1 else 1)
    return nh.from_array((rng.standard_normal(shape) * scale).astype(np.float32), name)


def ints(name, values):
    return nh.from_array(np.array(values, np.int64), name)


def scalar(name, value):
    return nh.from_array(np.float32(value), name)


def port(name, shape, dtype=T.FLOAT):
    return h.make_tensor_value_info(name, dtype, shape)


def save(name, nodes, inputs, outputs, weights):
    graph = h.make_graph(nodes, name, inputs, [port(output, None) for output in outputs], weights)
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, os.path.join(sys.argv[1], name + ".onnx"))


os.makedirs(sys.argv[1], exist_ok=True)

save("mlp",
     [node("Gemm", ["x", "w1", "b1"], ["a"], transB=1), node("Relu", ["a"], ["r"]),
      node("Gemm", ["r", "w2", "b2"], ["y"], alpha=0.5, beta=2.0)],
     [port("x", [7, 33])], ["y"], [weight("w1", 50, 33), weight("b1", 50), weight("w2", 50, 10), weight("b2", 10)])

save("conv1d",
     [node("Conv", ["x", "w", "b"], ["a"], pads=[2, 1], strides=[2], dilations=[2]), node("LeakyRelu", ["a"], ["l"]),
      node("MaxPool", ["l"], ["p"], kernel_shape=[3], strides=[2], ceil_mode=1), node("GlobalAveragePool", ["p"], ["y"])],
     [port("x", [2, 5, 61])], ["y"], [weight("w", 12, 5, 4), weight("b", 12)])

save("groups",
     [node("Conv", ["x", "w", "b"], ["a"], group=3, pads=[0, 1, 2, 1], dilations=[1, 2], strides=[2, 1]),
      node("Conv", ["a", "dw"], ["d"], group=12, auto_pad="SAME_UPPER", strides=[2, 2]), node("PRelu", ["d", "s"], ["q"]),
      node("AveragePool", ["q"], ["y"], kernel_shape=[2, 2], pads=[1, 0, 0, 1], count_include_pad=1)],
     [port("x", [3, 6, 19, 23])], ["y"], [weight("w", 12, 2, 3, 3), weight("b", 12), weight("dw", 12, 1, 5, 5), weight("s", 12, 1, 1)])

save("unet",
     [node("Conv", ["x", "w1"], ["a"], pads=[1, 1, 1, 1]), node("Relu", ["a"], ["a1"]),
      node("MaxPool", ["a1"], ["p"], kernel_shape=[2, 2], strides=[2, 2]), node("Conv", ["p", "w2"], ["b"], pads=[1, 1, 1, 1]),
      node("Relu", ["b"], ["b1"]), node("ConvTranspose", ["b1", "wt"], ["u"], strides=[2, 2]), node("Concat", ["u", "a1"], ["c"], axis=1),
      node("Resize", ["b1", "", "scales"], ["up"], mode="linear", coordinate_transformation_mode="half_pixel"),
      node("Concat", ["c", "up"], ["all"], axis=1), node("Conv", ["all", "w3", "b3"], ["o"], pads=[1, 1, 1, 1]), node("Sigmoid", ["o"], ["y"])],
     [port("x", [1, 3, 20, 28])], ["y"],
     [weight("w1", 9, 3, 3, 3), weight("w2", 13, 9, 3, 3), weight("wt", 13, 7, 2, 2), weight("w3", 2, 29, 3, 3), weight("b3", 2),
      nh.from_array(np.array([1, 1, 2, 2], np.float32), "scales")])

# A value with a halo for one reader, whose other reader steps over it with a stride.
save("halo",
     [node("Conv", ["x", "w1"], ["a"], pads=[1, 1, 1, 1]), node("Conv", ["a", "w2"], ["b"], pads=[2, 2, 2, 2]),
      node("ConvTranspose", ["a", "wt"], ["t"], strides=[2, 2], output_padding=[1, 0], pads=[0, 1, 1, 0]),
      node("AveragePool", ["a"], ["m"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 1]),
      node("MaxPool", ["a"], ["g"], kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1]),
      node("Slice", ["a", "starts", "ends", "axes"], ["s"]), node("Conv", ["s", "w2"], ["c"], pads=[1, 2, 2, 1])],
     [port("x", [1, 3, 9, 11])], ["b", "t", "m", "g", "c"],
     [weight("w1", 5, 3, 3, 3), weight("w2", 4, 5, 3, 3), weight("wt", 5, 7, 3, 3), ints("starts", [2, 1]), ints("ends", [7, 9]), ints("axes", [2, 3])])

width, heads = 48, 4
save("transformer",
     [node("LayerNormalization", ["x", "g", "be"], ["n"]),
      *[node("MatMul", ["n", "w" + p], [p + "0"]) for p in "qkv"], *[node("Reshape", [p + "0", "split"], [p + "1"]) for p in "qkv"],
      node("Transpose", ["q1"], ["q"], perm=[0, 2, 1, 3]), node("Transpose", ["k1"], ["k"], perm=[0, 2, 3, 1]),
      node("Transpose", ["v1"], ["v"], perm=[0, 2, 1, 3]), node("MatMul", ["q", "k"], ["s"]), node("Mul", ["s", "c"], ["s2"]),
      node("Softmax", ["s2"], ["p"], axis=-1), node("MatMul", ["p", "v"], ["o"]), node("Transpose", ["o"], ["o1"], perm=[0, 2, 1, 3]),
      node("Reshape", ["o1", "join"], ["o2"]), node("MatMul", ["o2", "wo"], ["o3"]), node("Add", ["o3", "x"], ["r"]),
      node("LayerNormalization", ["r", "g", "be"], ["n2"]), node("MatMul", ["n2", "wf"], ["h"]), node("Erf", ["h"], ["e"]),
      node("Add", ["e", "one"], ["e1"]), node("Mul", ["e1", "h"], ["ge"]), node("MatMul", ["ge", "wf2"], ["h2"]), node("Add", ["h2", "r"], ["y"])],
     [port("x", [2, 17, width])], ["y"],
     [weight("g", width), weight("be", width), *[weight("w" + p, width, width, scale=0.14) for p in "qkvo"], weight("wf", width, 100, scale=0.14),
      weight("wf2", 100, width, scale=0.1), ints("split", [0, 17, heads, width // heads]), ints("join", [2, 17, width]), scalar("c", 0.288), scalar("one", 1)])

save("misc",
     [node("Gather", ["emb", "ids"], ["e"]), node("InstanceNormalization", ["im", "g", "b"], ["in"]),
      node("ReduceMean", ["in"], ["rm"], axes=[0, 2], keepdims=0), node("Pad", ["im", "pads"], ["pr"], mode="reflect"),
      node("Slice", ["pr", "starts", "ends", "axes", "steps"], ["sl"]), node("HardSwish", ["sl"], ["hs"]),
      node("ArgMax", ["im"], ["am"], axis=1, keepdims=0), node("Cast", ["am"], ["amf"], to=T.FLOAT), node("Identity", ["im"], ["same"]),
      node("Softmax", ["im"], ["sm"], axis=1), node("Clip", ["im", "lo", "hi"], ["cl"])],
     [port("ids", [3, 2], T.INT64), port("im", [2, 5, 7, 6])], ["e", "rm", "hs", "amf", "same", "sm", "cl"],
     [weight("emb", 11, 8), weight("g", 5), weight("b", 5), ints("pads", [0, 0, 2, 1, 0, 0, 1, 2]), ints("starts", [-1, 1]), ints("ends", [-100, 8]),
      ints("axes", [3, 2]), ints("steps", [-2, 2]), scalar("lo", -0.5), scalar("hi", 0.5)])

# An input that is an output, an output twice, an input that nothing reads, a constant output, rank 0, rank 5, no elements.
save("ports",
     [node("ReduceSum", ["x"], ["total"], keepdims=0), node("Transpose", ["five"], ["turned"], perm=[4, 0, 3, 1, 2]),
      node("Concat", ["empty", "x"], ["both"], axis=0), node("Mul", ["x", "x"], ["square"]), node("Identity", ["square"], ["again"]),
      node("Constant", [], ["fixed"], value=nh.from_array(np.arange(4, dtype=np.float32), "v"))],
     [port("x", [3, 4]), port("unused", [2]), port("five", [2, 3, 1, 2, 2]), port("empty", [0, 4])],
     ["total", "turned", "both", "square", "again", "fixed"], [])
