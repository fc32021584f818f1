"""symbolic_models.py OUTDIR: models whose inputs have symbolic dimensions, with seeded weights.

OUTDIR/NAME.onnx, OUTDIR/index.json: [{"name", "dims": {dimension: range as --dim takes it}, "input", "shapes": [[extent, …], …]}]
"""
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(11)
WIDTH, HEADS = 48, 4


def weights(name, *shape):
    return numpy_helper.from_array((random.standard_normal(shape) * 0.2).astype(np.float32), name)


def integers(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, initializers):
    graph = helper.make_graph(nodes, "symbolic", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def encoder():
    """A transformer layer as exporters write it: the shapes of the heads are computed from Shape."""
    node = helper.make_node
    nodes = [node("MatMul", ["x", f"w{t}"], [f"{t}0"]) for t in "qkv"]
    nodes += [node("Shape", ["x"], ["shape"]), node("Gather", ["shape", "zero"], ["batch"]), node("Gather", ["shape", "one"], ["length"]),
              node("Unsqueeze", ["batch", "axis0"], ["batch1"]), node("Unsqueeze", ["length", "axis0"], ["length1"]),
              node("Concat", ["batch1", "length1", "heads"], ["split"], axis=0)]
    for t, order in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
        nodes += [node("Reshape", [f"{t}0", "split"], [f"{t}1"]), node("Transpose", [f"{t}1"], [t], perm=order)]
    nodes += [node("MatMul", ["q", "k"], ["scores0"]), node("Mul", ["scores0", "scale"], ["scores1"]),
              node("Range", ["zero_scalar", "length", "one_scalar"], ["positions"]), node("Unsqueeze", ["positions", "axis1"], ["rows"]),
              node("LessOrEqual", ["positions", "rows"], ["causal"]), node("Where", ["causal", "scores1", "low"], ["scores"]),
              node("Softmax", ["scores"], ["a"], axis=-1), node("MatMul", ["a", "v"], ["o0"]), node("Transpose", ["o0"], ["o1"], perm=[0, 2, 1, 3]),
              node("Reshape", ["o1", "merged"], ["o"]), node("MatMul", ["o", "wo"], ["p"]),
              node("Slice", ["table", "axis0", "length1", "axis0"], ["embedded"]), node("Add", ["p", "embedded"], ["p1"]), node("Add", ["p1", "x"], ["r"]),
              node("LayerNormalization", ["r", "g", "b"], ["y"], axis=-1), node("ReduceMean", ["y", "axis1"], ["mean"], keepdims=0)]
    initializers = [weights("wq", WIDTH, WIDTH), weights("wk", WIDTH, WIDTH), weights("wv", WIDTH, WIDTH), weights("wo", WIDTH, WIDTH), weights("g", WIDTH), weights("b", WIDTH),
                    weights("table", 70, WIDTH), integers("axis0", 0), integers("axis1", 1), integers("heads", HEADS, WIDTH // HEADS), integers("merged", 0, -1, WIDTH),
                    numpy_helper.from_array(np.array(0, np.int64), "zero"), numpy_helper.from_array(np.array(1, np.int64), "one"),
                    numpy_helper.from_array(np.array(0, np.int64), "zero_scalar"), numpy_helper.from_array(np.array(1, np.int64), "one_scalar"),
                    numpy_helper.from_array(np.array(0.3, np.float32), "scale"), numpy_helper.from_array(np.array(-1e9, np.float32), "low")]
    made = model(nodes, [value("x", ["batch", "seq", WIDTH])], [value("y", ["batch", "seq", WIDTH]), value("mean", ["batch", WIDTH])], initializers)
    return made, {"batch": "1..3", "seq": "1..64"}, [[1, 1, WIDTH], [2, 7, WIDTH], [3, 64, WIDTH], [1, 33, WIDTH]]


def pictures():
    """Convolutions, a residual connection, pooling and a concat on pictures of any size."""
    node = helper.make_node
    nodes = [node("Conv", ["x", "w1", "b1"], ["c1"], strides=[2, 2], pads=[1, 1, 1, 1]), node("Relu", ["c1"], ["r1"]),
             node("Conv", ["r1", "w2"], ["c2"], pads=[1, 1, 1, 1]), node("Add", ["c2", "r1"], ["s"]), node("HardSwish", ["s"], ["act"]),
             node("MaxPool", ["act"], ["p"], kernel_shape=[2, 2], strides=[2, 2]), node("AveragePool", ["act"], ["q"], kernel_shape=[2, 2], strides=[2, 2]),
             node("Resize", ["p", "", "scales"], ["up"], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"), node("Add", ["up", "act"], ["skip"]),
             node("Concat", ["p", "q"], ["joined"], axis=1), node("GlobalAveragePool", ["joined"], ["mean"])]
    initializers = [numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"), weights("w1", 8, 3, 3, 3), weights("b1", 8), weights("w2", 8, 8, 3, 3)]
    made = model(nodes, [value("x", [1, 3, "h", "w"])], [value("joined", None), value("mean", None), value("skip", None)], initializers)
    return made, {"h": "16..96:8", "w": "16..96:8"}, [[1, 3, 16, 16], [1, 3, 96, 40], [1, 3, 48, 96]]


def selection():
    """Extents that depend on the data: of the rows, those whose first number is positive, with the places of what is positive in them."""
    node = helper.make_node
    nodes = [node("Gather", ["x", "first"], ["column"], axis=1), node("Greater", ["column", "nought"], ["condition"]), node("Compress", ["x", "condition"], ["rows"], axis=0),
             node("MatMul", ["rows", "w"], ["product"]), node("Relu", ["product"], ["relu"]), node("ReduceSum", ["relu", "axis0"], ["sum"], keepdims=0),
             node("Greater", ["relu", "nought"], ["positive"]), node("NonZero", ["positive"], ["places"]), node("Transpose", ["places"], ["tuples"], perm=[1, 0]),
             node("GatherND", ["relu", "tuples"], ["values"])]
    initializers = [weights("w", 12, 6), integers("axis0", 0), numpy_helper.from_array(np.array(0, np.int64), "first"), numpy_helper.from_array(np.array(0, np.float32), "nought")]
    made = model(nodes, [value("x", ["n", 12])], [value("product", None), value("sum", None), value("values", None)], initializers)
    return made, {"n": "1..80"}, [[1, 12], [3, 12], [80, 12], [41, 12]]


def detector():
    """Ends in NonMaxSuppression: boxes around the cells of a grid, with scores for each class, and what it takes of them."""
    node = helper.make_node
    nodes = [node("Conv", ["x", "w1"], ["c1"], strides=[4, 4], pads=[1, 1, 1, 1]), node("Tanh", ["c1"], ["features"]),
             node("Conv", ["features", "w2"], ["heads"]), node("Reshape", ["heads", "flat"], ["columns"]), node("Transpose", ["columns"], ["cells"], perm=[0, 2, 1]),
             node("Split", ["cells", "parts"], ["offsets", "logits"], axis=2), node("Sigmoid", ["logits"], ["scores0"]), node("Transpose", ["scores0"], ["scores"], perm=[0, 2, 1]),
             node("Abs", ["offsets"], ["boxes"]),
             node("NonMaxSuppression", ["boxes", "scores", "limit", "iou", "least"], ["selected"], center_point_box=1),
             node("Gather", ["selected", "box"], ["taken"], axis=1), node("Reshape", ["boxes", "list"], ["all"]), node("Gather", ["all", "taken"], ["result"], axis=0)]
    initializers = [weights("w1", 8, 3, 6, 6), weights("w2", 7, 8, 1, 1), integers("flat", 1, 7, -1), integers("parts", 4, 3), integers("limit", 20),
                    integers("list", -1, 4), numpy_helper.from_array(np.array(2, np.int64), "box"),
                    numpy_helper.from_array(np.array([0.3], np.float32), "iou"), numpy_helper.from_array(np.array([0.5], np.float32), "least")]
    made = model(nodes, [value("x", [1, 3, "h", "w"])], [value("result", None), value("boxes", None)], initializers)
    return made, {"h": "16..64:16", "w": "16..64:16"}, [[1, 3, 16, 16], [1, 3, 64, 48], [1, 3, 32, 64]]


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    index = []
    for make in (encoder, pictures, selection, detector):
        made, dims, shapes = make()
        onnx.save(made, out / f"{make.__name__}.onnx")
        index.append({"name": make.__name__, "dims": dims, "input": "x", "shapes": shapes})
    (out / "index.json").write_text(json.dumps(index))


if __name__ == "__main__":
    main()
