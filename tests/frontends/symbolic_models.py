"""symbolic_models.py OUTDIR: models whose inputs have symbolic dimensions, with seeded weights.

OUTDIR/NAME.onnx, OUTDIR/index.json: [{"name", "dims": {dimension: range as --dim takes it}, "input", "shapes": [[extent, …], …], "tolerance"}]
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


def model(nodes, inputs, outputs, initializers, opset=18):
    graph = helper.make_graph(nodes, "symbolic", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


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


def floats(name, *values):
    return numpy_helper.from_array(np.array(values, np.float32), name)


def resized():
    """Resize by a scale that is no whole number and to a fixed size, in every mode, and what antialias and cropping add."""
    node, nodes, outputs = helper.make_node, [], []
    for name, operands, attributes in [
        ("linear", ["", "scales"], {"mode": "linear"}), ("cubic", ["", "scales"], {"mode": "cubic"}),
        ("nearest", ["", "scales"], {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}),
        ("shrunk", ["", "less"], {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}),
        ("linear_to", ["", "", "sizes"], {"mode": "linear", "coordinate_transformation_mode": "align_corners"}),
        ("cubic_to", ["", "", "sizes"], {"mode": "cubic", "exclude_outside": 1}), ("nearest_to", ["", "", "sizes"], {"mode": "nearest"}),
        ("smooth", ["", "", "sizes"], {"mode": "linear", "antialias": 1}), ("smooth_cubic", ["", "less"], {"mode": "cubic", "antialias": 1}),
        ("cropped", ["roi", "", "sizes"], {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 3.0}),
    ]:
        nodes.append(node("Resize", ["x", *operands], [name], **attributes))
        outputs.append(value(name, None))
    initializers = [floats("scales", 1, 1, 1.5, 1.5), floats("less", 1, 1, 0.6, 0.75), floats("roi", 0, 0, 0.2, -0.1, 1, 1, 0.8, 1.1), integers("sizes", 1, 2, 9, 7)]
    return model(nodes, [value("x", [1, 2, "h", "w"])], outputs, initializers), {"h": "4..40", "w": "4..40"}, [[1, 2, 4, 4], [1, 2, 40, 13], [1, 2, 21, 40], [1, 2, 10, 8]]


def sampled():
    """GridSample at points that the picture itself gives, in every mode and padding; AffineGrid's points for another size."""
    node = helper.make_node
    nodes = [node("Transpose", ["x"], ["grid"], perm=[0, 2, 3, 1])]
    outputs = []
    for mode in ("linear", "cubic", "nearest"):
        for padding in ("zeros", "border", "reflection"):
            nodes.append(node("GridSample", ["x", "grid"], [f"{mode}_{padding}"], mode=mode, padding_mode=padding, align_corners=1 if padding == "border" else 0))
            outputs.append(value(f"{mode}_{padding}", None))
    return model(nodes, [value("x", ["n", 2, "h", "w"])], outputs, [], 20), {"n": "1..2", "h": "2..24", "w": "2..24"}, [[1, 2, 2, 2], [2, 2, 24, 5], [1, 2, 7, 24]]


def ranked():
    """The largest and the smallest of rows of any length, where they stand, and as ones in a row of zeros; diagonals, tiles and triangles."""
    node = helper.make_node
    nodes = [node("TopK", ["x", "three"], ["most", "places"], axis=1), node("TopK", ["x", "three"], ["least", "least_places"], axis=1, largest=0),
             node("Mod", ["places", "classes"], ["labels"]), node("OneHot", ["labels", "classes", "values"], ["ones"], axis=1),
             node("Einsum", ["x", "x"], ["products"], equation="ij,kj->ik"), node("Einsum", ["products"], ["diagonal"], equation="ii->i"), node("Einsum", ["x"], ["sums"], equation="ij->j"),
             node("EyeLike", ["products"], ["eye"], dtype=1, k=1), node("Tile", ["x", "repeats"], ["tiles"]), node("Trilu", ["products"], ["upper"]),
             node("CumSum", ["x", "axis"], ["running"]),
             node("Slice", ["x", "last", "first", "ones_axis", "last"], ["turned_round"]), node("Shape", ["x"], ["shape"]), node("Gather", ["shape", "axis"], ["length"]),
             node("Unsqueeze", ["length", "nothing"], ["length1"]), node("Concat", ["nothing", "length1", "length1", "nothing"], ["amounts"], axis=0),
             node("Pad", ["products", "amounts"], ["wide"], mode="constant")]
    initializers = [integers("three", 3), integers("repeats", 2, 3), numpy_helper.from_array(np.array(5, np.int64), "classes"), floats("values", 0, 1),
                    numpy_helper.from_array(np.array(1, np.int64), "axis"), integers("nothing", 0), integers("last", -1),
                    integers("first", -2**63), integers("ones_axis", 1)]
    outputs = [value(name, None) for name in ("turned_round", "most", "least", "ones", "diagonal", "sums", "eye", "tiles", "upper", "running", "wide")]
    return model(nodes, [value("x", ["n", "k"])], outputs, initializers), {"n": "1..20", "k": "3..50"}, [[1, 3], [20, 50], [7, 23], [13, 4]]


def spectra():
    """The transform of whole signals of any length and back, of parts of them, and of frames."""
    node = helper.make_node
    nodes = [node("DFT", ["x"], ["whole"], axis=1), node("DFT", ["whole"], ["back"], axis=1, inverse=1), node("DFT", ["x"], ["half"], axis=1, onesided=1),
             node("DFT", ["x", "points"], ["padded"], axis=1), node("STFT", ["x", "step", "window"], ["frames"])]
    initializers = [numpy_helper.from_array(np.array(24, np.int64), "points"), numpy_helper.from_array(np.array(4, np.int64), "step"), floats("window", *np.hanning(8).tolist())]
    outputs = [value(name, None) for name in ("whole", "back", "half", "padded", "frames")]
    return model(nodes, [value("x", ["n", "t", 1])], outputs, initializers), {"n": "1..3", "t": "8..100"}, [[1, 8, 1], [3, 100, 1], [2, 37, 1], [1, 24, 1]]


def recurrent():
    """An LSTM in both directions, a GRU backwards and an RNN, over a sequence of any length."""
    node, hidden, width = helper.make_node, 6, 5
    nodes = [node("LSTM", ["x", "wl", "rl", "bl"], ["yl", "hl", "cl"], hidden_size=hidden, direction="bidirectional"),
             node("GRU", ["x", "wg", "rg", "bg"], ["yg", "hg"], hidden_size=hidden, direction="reverse"), node("RNN", ["x", "wr", "rr"], ["yr", "hr"], hidden_size=hidden)]
    initializers = [weights("wl", 2, 4 * hidden, width), weights("rl", 2, 4 * hidden, hidden), weights("bl", 2, 8 * hidden), weights("wg", 1, 3 * hidden, width),
                    weights("rg", 1, 3 * hidden, hidden), weights("bg", 1, 6 * hidden), weights("wr", 1, hidden, width), weights("rr", 1, hidden, hidden)]
    outputs = [value(name, None) for name in ("yl", "hl", "cl", "yg", "hg", "yr", "hr")]
    return model(nodes, [value("x", ["t", "n", width])], outputs, initializers), {"n": "1..4", "t": "1..12"}, [[1, 1, width], [12, 4, width], [5, 3, width], [11, 2, width]]


def turned():
    """Rotary positions, as com.microsoft has them for heads in a row, of sequences of any length."""
    node = helper.make_node
    nodes = [node("RotaryEmbedding", ["x", "start", "cosines", "sines"], ["y"], domain="com.microsoft", num_heads=3),
             node("RotaryEmbedding", ["x", "start", "cosines", "sines"], ["z"], domain="com.microsoft", num_heads=3, interleaved=1)]
    angles = np.outer(np.arange(64), 10.0 ** -np.arange(4)).astype(np.float32)
    initializers = [numpy_helper.from_array(np.cos(angles), "cosines"), numpy_helper.from_array(np.sin(angles), "sines"), integers("start", 0)]
    made = model(nodes, [value("x", ["n", "t", 24])], [value("y", None), value("z", None)], initializers)
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made, {"n": "1..3", "t": "1..60"}, [[1, 1, 24], [3, 60, 24], [2, 17, 24]]


def windows():
    """Padding that depends on the extents (auto_pad, ceil_mode), around convolutions and poolings; where maxima lie."""
    node = helper.make_node
    nodes = [node("Conv", ["x", "w"], ["upper"], auto_pad="SAME_UPPER", strides=[2, 3]), node("Conv", ["x", "w"], ["lower"], auto_pad="SAME_LOWER", strides=[2, 2]),
             node("MaxPool", ["x"], ["most", "places"], kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
             node("MaxPool", ["x"], ["most_ceil"], kernel_shape=[3, 2], strides=[2, 3], pads=[1, 0, 1, 1], ceil_mode=1),
             node("AveragePool", ["x"], ["mean"], kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
             node("AveragePool", ["x"], ["mean_ceil"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1),
             node("AveragePool", ["x"], ["mean_counted"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1, count_include_pad=1),
             node("Cast", ["places"], ["where"], to=1), node("ConvTranspose", ["x", "wt", "b"], ["wide"], strides=[2, 2], auto_pad="SAME_UPPER"),
             node("LpPool", ["x"], ["norm"], kernel_shape=[2, 2], strides=[2, 2])]
    outputs = [value(name, None) for name in ("upper", "lower", "most", "where", "most_ceil", "mean", "mean_ceil", "mean_counted", "wide", "norm")]
    return model(nodes, [value("x", [1, 3, "h", "w"])], outputs, [weights("w", 4, 3, 3, 3), weights("wt", 3, 2, 3, 3), weights("b", 2)]), {"h": "4..24", "w": "4..24"}, [
        [1, 3, 4, 4], [1, 3, 24, 5], [1, 3, 7, 24], [1, 3, 9, 10]]


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    index = []
    for make in (encoder, pictures, selection, detector, resized, sampled, ranked, spectra, recurrent, turned, windows):
        made, dims, shapes = make()
        onnx.save(made, out / f"{make.__name__}.onnx")
        # ONNX Runtime's own transforms of lengths that are no powers of two are off by 1.6e-5.
        index.append({"name": make.__name__, "dims": dims, "input": "x", "shapes": shapes, "tolerance": 5e-5 if make is spectra else 1e-5})
    (out / "index.json").write_text(json.dumps(index))


if __name__ == "__main__":
    main()
