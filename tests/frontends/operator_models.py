"""operator_models.py OUTDIR: small models of operators that ONNX's own tests try at one size or not at all, for a comparison
with ONNX Runtime (tests/node/operators.test.mjs). Seeded.

OUTDIR/index.json  [{"name", "model", "reference", "inputs": [{name, dtype, shape, file}]}]; files little-endian, row-major.
ONNX Runtime runs `reference`: the model, or what it can run of the same meaning.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import contrib_models

RANDOM = np.random.default_rng(7)
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
DTYPES = {"float32": "f32", "int64": "i64", "int32": "i32", "bool": "boolean", "uint8": "u8"}


def normal(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, constants=None, functions=(), domains=()):
    graph = helper.make_graph(nodes, "test", inputs, outputs,
                              [numpy_helper.from_array(a, n) for n, a in (constants or {}).items()])
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(d, v) for d, v in domains)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=8)


def recurrent(kind, gates, **attributes):
    steps, batch, size, hidden = 37, 3, 20, 24
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    scale = np.float32(hidden ** -0.5)
    constants = {"w": normal(directions, gates * hidden, size) * scale, "r": normal(directions, gates * hidden, hidden) * scale,
                 "b": normal(directions, 2 * gates * hidden) * scale}
    outputs = ["y", "h", *(["c"] if kind == "LSTM" else [])]
    node = helper.make_node(kind, ["x", "w", "r", "b", "lengths"], outputs, hidden_size=hidden, **attributes)
    made = model([node], [value("x", [steps, batch, size]), value("lengths", [batch], TensorProto.INT32)],
                 [value(o, None) for o in outputs], constants)
    return made, {"x": normal(steps, batch, size), "lengths": np.array([37, 12, 25], np.int32)}


def trees():
    """Forty trees of depth four over six features."""
    lists = {key: [] for key in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")}
    target = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
    for tree in range(40):
        for node in range(31):
            leaf = node >= 15
            lists["treeids"].append(tree)
            lists["nodeids"].append(node)
            lists["featureids"].append(0 if leaf else int(RANDOM.integers(6)))
            lists["values"].append(0.0 if leaf else float(np.float32(RANDOM.standard_normal())))
            lists["modes"].append("LEAF" if leaf else "BRANCH_LEQ")
            lists["truenodeids"].append(0 if leaf else 2 * node + 1)
            lists["falsenodeids"].append(0 if leaf else 2 * node + 2)
            if leaf:
                for output in range(2):
                    target["treeids"].append(tree)
                    target["nodeids"].append(node)
                    target["ids"].append(output)
                    target["weights"].append(float(np.float32(RANDOM.standard_normal())))
    nodes = [
        helper.make_node("Scaler", ["x"], ["scaled"], domain="ai.onnx.ml", offset=[0.1] * 6, scale=[0.9, 1.1, 1, 1, 2, 0.5]),
        helper.make_node("TreeEnsembleRegressor", ["scaled"], ["trees"], domain="ai.onnx.ml", n_targets=2,
                         base_values=[0.5, -0.25], aggregate_function="SUM", post_transform="NONE",
                         **{f"nodes_{k}": v for k, v in lists.items()}, **{f"target_{k}": v for k, v in target.items()}),
        helper.make_node("LinearRegressor", ["scaled"], ["line"], domain="ai.onnx.ml", targets=2,
                         coefficients=[float(v) for v in normal(12)], intercepts=[0.5, 1.5]),
        helper.make_node("Add", ["trees", "line"], ["y"]),
    ]
    made = model(nodes, [value("x", [50, 6])], [value("y", [50, 2])], domains=[("ai.onnx.ml", 3)])
    return made, {"x": normal(50, 6)}


def branch(truth):
    """A branch on data in a branch on data; both read a value around them."""
    def graph(name, nodes, output):
        return helper.make_graph(nodes, name, [], [value(output, [4, 5])])
    inner = helper.make_node("If", ["other"], ["inner"], then_branch=graph("a", [helper.make_node("Sin", ["x"], ["a"])], "a"),
                             else_branch=graph("b", [helper.make_node("Neg", ["x"], ["b"])], "b"))
    outer = helper.make_node("If", ["truth"], ["y"], then_branch=graph("c", [inner], "inner"),
                             else_branch=graph("d", [helper.make_node("Exp", ["x"], ["d"])], "d"))
    made = model([outer], [value("x", [4, 5]), value("truth", [], BOOL), value("other", [], BOOL)], [value("y", [4, 5])])
    return made, {"x": normal(4, 5), "truth": np.array(truth[0]), "other": np.array(truth[1])}


def stopping_loop():
    """Doubles a sum until it is large; how often is data, at most nine times."""
    body = helper.make_graph(
        [helper.make_node("Add", ["s", "s"], ["next"]), helper.make_node("ReduceMax", ["next"], ["most"], keepdims=0),
         helper.make_node("Less", ["most", "limit"], ["goes"])],
        "body", [value("i", [], INT64), value("go", [], BOOL), value("s", [3, 4])],
        [value("goes", [], BOOL), value("next", [3, 4])])
    node = helper.make_node("Loop", ["count", "go", "x"], ["y"], body=body)
    made = model([node], [value("x", [3, 4])], [value("y", [3, 4])],
                 {"count": np.array(9, np.int64), "go": np.array(True), "limit": np.array(20, np.float32)})
    return made, {"x": np.abs(normal(3, 4)) + np.float32(0.1)}


def function_call():
    body = [helper.make_node("Mul", ["a", "a"], ["square"]), helper.make_node("LeakyRelu", ["b"], ["leaky"]),
            helper.make_node("Add", ["square", "leaky"], ["c"])]
    reference = onnx.AttributeProto(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope")
    body[1].attribute.append(reference)
    function = helper.make_function("local", "mix", ["a", "b"], ["c"], body, [helper.make_opsetid("", 17)], ["slope"])
    nodes = [helper.make_node("mix", ["x", "y"], ["m"], domain="local", slope=0.3),
             helper.make_node("mix", ["m", "x"], ["z"], domain="local", slope=0.01)]
    made = model(nodes, [value("x", [7]), value("y", [7])], [value("z", [7])], functions=[function], domains=[("local", 1)])
    return made, {"x": normal(7), "y": normal(7)}


def quantized():
    """A quantised convolution and product, in the operators that quantisers write (QDQ, and QLinear)."""
    q = lambda *shape: RANDOM.integers(0, 255, shape).astype(np.uint8)
    s = lambda *shape: (RANDOM.random(shape).astype(np.float32) + np.float32(0.5)) / np.float32(64)
    constants = {"w": RANDOM.integers(-100, 100, (8, 3, 3, 3)).astype(np.int8), "ws": s(8), "wz": np.zeros(8, np.int8),
                 "xs": np.array(0.03, np.float32), "xz": np.array(120, np.uint8), "ys": np.array(0.4, np.float32),
                 "yz": np.array(110, np.uint8), "bias": RANDOM.integers(-500, 500, 8).astype(np.int32), "m": q(14, 10),
                 "ms": np.array(0.02, np.float32), "mz": np.array(128, np.uint8), "zs": np.array(3.0, np.float32)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "xs", "xz"], ["xq"]),
        helper.make_node("QLinearConv", ["xq", "xs", "xz", "w", "ws", "wz", "ys", "yz", "bias"], ["yq"], pads=[1, 1, 1, 1]),
        helper.make_node("QLinearMatMul", ["yq", "ys", "yz", "m", "ms", "mz", "zs", "yz"], ["zq"]),
        helper.make_node("DequantizeLinear", ["zq", "zs", "yz"], ["z"]),
    ]
    made = model(nodes, [value("x", [1, 3, 12, 14])], [value("z", [1, 8, 12, 10])], constants)
    return made, {"x": normal(1, 3, 12, 14)}


def top_k_and_scatter():
    nodes = [helper.make_node("TopK", ["x", "k"], ["v", "i"], axis=1),
             helper.make_node("GatherElements", ["x", "i"], ["g"], axis=1),
             helper.make_node("ScatterElements", ["x", "i", "v2"], ["y"], axis=1, reduction="add"),
             helper.make_node("Add", ["v", "g"], ["v2"]),
             helper.make_node("CumSum", ["y", "one"], ["z"])]
    made = model(nodes, [value("x", [5, 300])], [value("z", [5, 300]), value("i", [5, 17], INT64)],
                 {"k": np.array([17], np.int64), "one": np.array(1, np.int64)})
    return made, {"x": normal(5, 300)}


def max_roi_pool():
    """Regions within, across the edge, of one element and turned over; coordinates of halves."""
    rois = np.array([[0, 0, 0, 30, 22], [1, 7, 3, 15, 40], [1, -9, -5, 3, 3], [0, 12, 12, 12, 12], [1, 20, 16, 10, 4], [0, 3, 5, 26.5, 17.5]], np.float32)
    node = helper.make_node("MaxRoiPool", ["x", "rois"], ["y"], pooled_shape=[3, 4], spatial_scale=0.5)
    return model([node], [value("x", [2, 5, 12, 16]), value("rois", [6, 5])], [value("y", [6, 5, 3, 4])]), {"x": normal(2, 5, 12, 16), "rois": rois}


def sequences():
    """Made of tensors, of nothing, and by a body for each element; taken apart again; an optional around one."""
    node = helper.make_node
    body = helper.make_graph([node("Mul", ["each", "factor"], ["more"]), node("Tanh", ["more"], ["mapped"])], "body", [value("each", [2, 3]), value("factor", [])], [value("mapped", [2, 3])])
    nodes = [node("SequenceConstruct", ["x", "y", "x"], ["three"]), node("SequenceEmpty", [], ["none"]), node("SequenceInsert", ["none", "y"], ["one"]),
             node("SequenceMap", ["three", "factor"], ["mapped"], body=body), node("SequenceLength", ["mapped"], ["count"]), node("SequenceAt", ["mapped", "last"], ["a"]),
             node("SequenceAt", ["one", "zero"], ["b"]), node("Optional", ["b"], ["maybe"]), node("OptionalGetElement", ["maybe"], ["c"]), node("Add", ["a", "c"], ["sum"]),
             node("ConcatFromSequence", ["mapped"], ["all"], axis=1)]
    made = model(nodes, [value("x", [2, 3]), value("y", [2, 3]), value("factor", [])], [value("sum", [2, 3]), value("all", [2, 9]), value("count", [], INT64)],
                 {"last": np.array(-2, np.int64), "zero": np.array(0, np.int64)})
    return made, {"x": normal(2, 3), "y": normal(2, 3), "factor": normal()}


def integer_powers():
    """Beyond 2^24, where a float is not exact: by exponents that are known, integers and floats."""
    node = helper.make_node
    nodes = [node("Pow", ["x", "two"], ["y2"]), node("Pow", ["x", "seven"], ["y7"]), node("Pow", ["x", "none"], ["y0"]), node("Pow", ["x", "five"], ["y5"])]
    constants = {"two": np.array(2, np.int64), "seven": np.array([7], np.int32), "none": np.array([[0]], np.int64), "five": np.array(5, np.float32)}
    return model(nodes, [value("x", [2, 3], INT64)], [value(name, [2, 3], INT64) for name in ("y2", "y7", "y0", "y5")], constants), {"x": np.array([[211, -7, 301], [0, -1, 13]], np.int64)}


def global_lp_pool():
    return model([helper.make_node("GlobalLpPool", ["x"], ["y"], p=3)], [value("x", [2, 5, 6, 7])], [value("y", [2, 5, 1, 1])]), {"x": normal(2, 5, 6, 7)}


MODELS = {
    "lstm": lambda: recurrent("LSTM", 4, direction="bidirectional"),
    "gru": lambda: recurrent("GRU", 3, direction="reverse", linear_before_reset=1),
    "rnn": lambda: recurrent("RNN", 1),
    "trees": trees,
    "max_roi_pool": max_roi_pool,
    "sequences": sequences,
    "global_lp_pool": global_lp_pool,
    "integer_powers": integer_powers,
    "branch_inner_true": lambda: branch((True, True)),
    "branch_inner_false": lambda: branch((True, False)),
    "branch_outer_false": lambda: branch((False, True)),
    "stopping_loop": stopping_loop,
    "function_call": function_call,
    "quantized": quantized,
    "top_k_and_scatter": top_k_and_scatter,
    **contrib_models.MODELS,
}


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    index = []
    for name, make in MODELS.items():
        made, inputs, *reference = make()
        onnx.save(made, out / f"{name}.onnx")
        for other in reference:
            onnx.save(other, out / f"{name}.reference.onnx")
        entries = []
        for i, (key, array) in enumerate(inputs.items()):
            array = np.asarray(array)
            array.tofile(out / f"{name}.{i}.bin")
            entries.append({"name": key, "dtype": DTYPES[array.dtype.name], "shape": list(array.shape), "file": f"{name}.{i}.bin"})
        index.append({"name": name, "model": f"{name}.onnx", "reference": f"{name}.{'reference.' if reference else ''}onnx", "inputs": entries})
    (out / "index.json").write_text(json.dumps(index))


if __name__ == "__main__":
    main()
