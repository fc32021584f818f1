"""loop_models.py OUTDIR: models with loops, branches and recurrences that are not written out, with seeded weights.

OUTDIR/NAME.onnx, OUTDIR/index.json: [{"name", "dims": {dimension: range as --dim takes it}, "tolerance", "cases": [{input: {"kind": as ONNX Runtime calls it, "shape", "data"}}]}]
"""
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(23)
FLOAT, INT64, BOOL, INT32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.INT32
node = helper.make_node
KINDS = {np.dtype(np.float32): "float32", np.dtype(np.int64): "int64", np.dtype(np.int32): "int32", np.dtype(np.bool_): "bool"}


def normal(*shape, scale=0.3):
    return (random.standard_normal(shape) * scale).astype(np.float32)


def value(name, kind=FLOAT, shape=None):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def graph(name, nodes, inputs, outputs, initializers=()):
    return helper.make_graph(nodes, name, inputs, outputs, list(initializers))


def model(nodes, inputs, outputs, initializers=()):
    return helper.make_model(graph("loops", nodes, inputs, outputs, initializers), opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def captured():
    """10000 iterations of h = tanh(h W + x + i / 10000), where W and x are of outside."""
    body = graph("body", [node("MatMul", ["h", "w"], ["hw"]), node("Add", ["hw", "x"], ["a"]), node("Cast", ["i"], ["f"], to=FLOAT), node("Mul", ["f", "tiny"], ["g"]),
                          node("Add", ["a", "g"], ["b"]), node("Tanh", ["b"], ["next"]), node("Identity", ["go"], ["on"])],
                 [value("i", INT64, []), value("go", BOOL, []), value("h", FLOAT, [2, 8])], [value("on", BOOL, []), value("next", FLOAT, [2, 8])])
    made = model([node("Loop", ["count", "truth", "x"], ["y"], body=body)], [value("x", FLOAT, [2, 8])], [value("y", FLOAT, [2, 8])],
                 [constant("count", np.int64(10000)), constant("truth", np.bool_(True)), constant("w", normal(8, 8)), constant("tiny", np.float32(1e-4))])
    return made, {}, [{"x": normal(2, 8)}], 1e-4


def data_stopped():
    """x is doubled until its sum passes a limit; how often is not known. Two states are swapped on the way."""
    body = graph("body", [node("Add", ["a", "a"], ["twice"]), node("ReduceSum", ["twice"], ["sum"], keepdims=0), node("Less", ["sum", "limit"], ["on"]), node("Identity", ["twice"], ["b1"]),
                          node("Add", ["b", "one"], ["a1"]), node("Identity", ["c"], ["d1"]), node("Identity", ["d"], ["c1"])],
                 [value("i", INT64, []), value("go", BOOL, [])] + [value(name, FLOAT, [5]) for name in "abcd"],
                 [value("on", BOOL, [])] + [value(name, FLOAT, [5]) for name in ("a1", "b1", "c1", "d1")])
    made = model([node("Loop", ["", "start", "x", "z", "x", "z"], ["p", "q", "r", "s"], body=body)],
                 [value("x", FLOAT, [5]), value("z", FLOAT, [5]), value("limit", FLOAT, []), value("start", BOOL, [])], [value(name, FLOAT, [5]) for name in "pqrs"], [constant("one", np.float32(1))])
    ones = np.arange(5, dtype=np.float32)
    return made, {}, [{"x": ones, "z": 2 * ones, "limit": np.float32(limit), "start": np.bool_(start)} for limit, start in ((1e6, True), (1, True), (1e6, False))], 1e-5


def counted():
    """The number of iterations is an input."""
    body = graph("body", [node("Mul", ["h", "x"], ["m"]), node("Add", ["m", "x"], ["n"]), node("Identity", ["go"], ["on"])],
                 [value("i", INT64, []), value("go", BOOL, []), value("h", FLOAT, [3])], [value("on", BOOL, []), value("n", FLOAT, [3])])
    made = model([node("Loop", ["count", "", "x"], ["y"], body=body)], [value("x", FLOAT, [3]), value("count", INT64, [])], [value("y", FLOAT, [3])])
    return made, {}, [{"x": normal(3), "count": np.int64(count)} for count in (0, 1, 77, -3)], 1e-5


def gathered():
    """30 iterations at most, each of which gives a row; data stops it. Rows are read at the index."""
    body = graph("body", [node("Gather", ["x", "i"], ["row"], axis=0), node("Add", ["h", "row"], ["n"]), node("ReduceSum", ["n"], ["sum"], keepdims=0), node("Less", ["sum", "limit"], ["on"]),
                          node("Neg", ["n"], ["out"])],
                 [value("i", INT64, []), value("go", BOOL, []), value("h", FLOAT, [4])], [value("on", BOOL, []), value("n", FLOAT, [4]), value("out", FLOAT, [4])])
    made = model([node("Loop", ["count", "truth", "h"], ["last", "rows"], body=body)], [value("x", FLOAT, [30, 4]), value("h", FLOAT, [4]), value("limit", FLOAT, [])],
                 [value("last", FLOAT, [4]), value("rows", FLOAT, ["n", 4])], [constant("count", np.int64(30)), constant("truth", np.bool_(True))])
    x = np.abs(normal(30, 4))
    return made, {}, [{"x": x, "h": np.zeros(4, np.float32), "limit": np.float32(limit)} for limit in (0.1, 9, 1e9)], 1e-5


def nested():
    """A loop in a loop, with a branch in it that data decides."""
    then_branch = graph("then", [node("MatMul", ["u", "w"], ["p"]), node("Sin", ["p"], ["t"])], [], [value("t", FLOAT, [3, 3])])
    else_branch = graph("else", [node("MatMul", ["u", "v"], ["e"])], [], [value("e", FLOAT, [3, 3])])
    inner = graph("inner", [node("ReduceSum", ["u"], ["sum"], keepdims=0), node("Less", ["sum", "zero"], ["low"]), node("If", ["low"], ["n"], then_branch=then_branch, else_branch=else_branch),
                            node("Identity", ["jgo"], ["jon"])],
                  [value("j", INT64, []), value("jgo", BOOL, []), value("u", FLOAT, [3, 3])], [value("jon", BOOL, []), value("n", FLOAT, [3, 3])])
    outer = graph("outer", [node("Add", ["h", "x"], ["s"]), node("Loop", ["twelve", "", "s"], ["m"], body=inner), node("Tanh", ["m"], ["next"]), node("ReduceMax", ["next"], ["top"], keepdims=0),
                            node("Identity", ["igo"], ["ion"])],
                  [value("i", INT64, []), value("igo", BOOL, []), value("h", FLOAT, [3, 3])], [value("ion", BOOL, []), value("next", FLOAT, [3, 3]), value("top", FLOAT, [])])
    made = model([node("Loop", ["twenty", "", "x"], ["y", "tops"], body=outer)], [value("x", FLOAT, [3, 3])], [value("y", FLOAT, [3, 3]), value("tops", FLOAT, [20])],
                 [constant("twenty", np.int64(20)), constant("twelve", np.int64(12)), constant("zero", np.float32(0)), constant("w", normal(3, 3)), constant("v", normal(3, 3, scale=0.5))])
    return made, {}, [{"x": normal(3, 3)}, {"x": normal(3, 3) - 1}], 1e-4


def scan():
    """A Scan over a length that is not known, forwards and backwards, along other axes than the first."""
    body = graph("body", [node("Add", ["h", "a"], ["s"]), node("Mul", ["s", "half"], ["n"]), node("Sub", ["n", "b"], ["out"]), node("Identity", ["n"], ["kept"])],
                 [value("h", FLOAT, [2, 3]), value("a", FLOAT, [2, 3]), value("b", FLOAT, [2, 3])],
                 [value("n", FLOAT, [2, 3]), value("out", FLOAT, [2, 3]), value("kept", FLOAT, [2, 3])])
    made = model([node("Scan", ["h", "x", "z"], ["last", "p", "q"], body=body, num_scan_inputs=2, scan_input_axes=[0, 1], scan_input_directions=[0, 1], scan_output_axes=[1, 0],
                       scan_output_directions=[0, 1])],
                 [value("h", FLOAT, [2, 3]), value("x", FLOAT, ["n", 2, 3]), value("z", FLOAT, [2, "n", 3])],
                 [value("last", FLOAT, [2, 3]), value("p", FLOAT, [2, "n", 3]), value("q", FLOAT, ["n", 2, 3])], [constant("half", np.float32(0.5))])
    return made, {"n": "1..500"}, [{"h": normal(2, 3), "x": normal(n, 2, 3), "z": normal(2, n, 3)} for n in (1, 500, 7, 33)], 1e-5


def recurrent(kind, gates, steps, *, lengths=False, direction="forward", sizes=None, **attributes):
    """Steps may be a name: then its length is not known."""
    inputs, hidden, batch = 6, 10, 2
    directions = 2 if direction == "bidirectional" else 1
    names = ["x", "w", "r", "b"] + (["lengths"] if lengths else [])
    outputs = ["y", "yh"] + (["yc"] if kind == "LSTM" else [])
    made = model([node(kind, names, outputs, hidden_size=hidden, direction=direction, **attributes)],
                 [value("x", FLOAT, [steps, batch, inputs])] + ([value("lengths", INT32, [batch])] if lengths else []), [value(name, FLOAT, [None] * (4 if name == "y" else 3)) for name in outputs],
                 [constant("w", normal(directions, gates * hidden, inputs)), constant("r", normal(directions, gates * hidden, hidden)), constant("b", normal(directions, 2 * gates * hidden))])
    cases = []
    for n in sizes or [steps]:
        case = {"x": normal(n, batch, inputs, scale=1)}
        if lengths:
            case["lengths"] = np.array([n, max(1, n // 3)], np.int32)
        cases.append(case)
    return made, {steps: f"1..{max(sizes)}"} if sizes else {}, cases, 1e-4


MODELS = {
    "captured": captured,
    "data_stopped": data_stopped,
    "counted": counted,
    "gathered": gathered,
    "nested": nested,
    "scan": scan,
    "lstm_2000": lambda: recurrent("LSTM", 4, 2000),
    "lstm_symbolic": lambda: recurrent("LSTM", 4, "n", direction="bidirectional", lengths=True, sizes=[2000, 1, 64, 65, 700]),
    "gru_300": lambda: recurrent("GRU", 3, 300, direction="reverse", linear_before_reset=1),
    "gru_symbolic": lambda: recurrent("GRU", 3, "n", sizes=[3, 200]),
    "rnn_symbolic": lambda: recurrent("RNN", 1, "n", direction="reverse", lengths=True, sizes=[90, 5]),
}


def branch():
    """One of two large products, by an input."""
    then_branch = graph("then", [node("MatMul", ["x", "w"], ["t0"]), node("Relu", ["t0"], ["t"])], [], [value("t", FLOAT, [16, 64])])
    else_branch = graph("else", [node("MatMul", ["x", "v"], ["e0"]), node("Tanh", ["e0"], ["e"])], [], [value("e", FLOAT, [16, 64])])
    made = model([node("If", ["which"], ["y"], name="choice", then_branch=then_branch, else_branch=else_branch)], [value("x", FLOAT, [16, 64]), value("which", BOOL, [])], [value("y", FLOAT, [16, 64])],
                 [constant("w", normal(64, 64)), constant("v", normal(64, 64))])
    x = normal(16, 64)
    return made, {}, [{"x": x, "which": np.bool_(which)} for which in (True, False)], 1e-5


MODELS["branch"] = branch


def branch_results():
    """Several results, of which either branch takes some from around it, in a loop."""
    then_branch = graph("then", [node("MatMul", ["h", "w"], ["t0"]), node("MatMul", ["t0", "v"], ["t1"]), node("Tanh", ["t1"], ["t2"]), node("Identity", ["h"], ["t3"])], [],
                        [value("t0", FLOAT, [4, 64]), value("t2", FLOAT, [4, 64]), value("t3", FLOAT, [4, 64]), value("t1", FLOAT, [4, 64])])
    else_branch = graph("else", [node("MatMul", ["h", "v"], ["e0"]), node("Tanh", ["e0"], ["e1"]), node("MatMul", ["e1", "w"], ["e2"]), node("Identity", ["x"], ["e3"])], [],
                        [value("e1", FLOAT, [4, 64]), value("e2", FLOAT, [4, 64]), value("e0", FLOAT, [4, 64]), value("e3", FLOAT, [4, 64])])
    body = graph("body", [node("ReduceMean", ["h"], ["mean"], keepdims=0), node("Less", ["mean", "zero"], ["which"]),
                          node("If", ["which"], ["a", "b", "c", "d"], then_branch=then_branch, else_branch=else_branch),
                          node("Sum", ["a", "b", "c", "d"], ["sum"]), node("Sin", ["sum"], ["n"]), node("Identity", ["go"], ["on"])],
                 [value("i", INT64, []), value("go", BOOL, []), value("h", FLOAT, [4, 64])],
                 [value("on", BOOL, []), value("n", FLOAT, [4, 64]), value("a", FLOAT, [4, 64]), value("b", FLOAT, [4, 64]), value("c", FLOAT, [4, 64]), value("d", FLOAT, [4, 64])])
    made = model([node("Loop", ["twelve", "", "x"], ["y", "as", "bs", "cs", "ds"], body=body)], [value("x", FLOAT, [4, 64])],
                 [value("y", FLOAT, [4, 64])] + [value(name, FLOAT, [12, 4, 64]) for name in ("as", "bs", "cs", "ds")],
                 [constant("w", normal(64, 64, scale=0.1)), constant("v", normal(64, 64, scale=0.1)), constant("zero", np.float32(0)), constant("twelve", np.int64(12))])
    return made, {}, [{"x": normal(4, 64)}, {"x": np.abs(normal(4, 64))}], 1e-3


MODELS["branch_results"] = branch_results


def unrun():
    """A gather that does not depend on the iteration, by an index that is out of range where the loop does not run."""
    body = graph("body", [node("Gather", ["x", "at"], ["row"]), node("Add", ["h", "row"], ["s"]), node("Identity", ["go"], ["on"])],
                 [value("i", INT64, []), value("go", BOOL, []), value("h", FLOAT, [3])], [value("on", BOOL, []), value("s", FLOAT, [3])])
    made = model([node("Loop", ["count", "start", "h"], ["y"], body=body)],
                 [value("x", FLOAT, [4, 3]), value("at", INT64, []), value("count", INT64, []), value("start", BOOL, []), value("h", FLOAT, [3])], [value("y", FLOAT, [3])])
    x, h = normal(4, 3), normal(3)
    return made, {}, [{"x": x, "h": h, "at": np.int64(at), "count": np.int64(count), "start": np.bool_(start)}
                      for at, count, start in ((2, 20, True), (7, 0, True), (-9, 5, False), (-1, 1, True))], 1e-5


MODELS["unrun"] = unrun


def main(folder):
    out = pathlib.Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    index = []
    for name, make in MODELS.items():
        made, dims, cases, tolerance = make()
        onnx.checker.check_model(made)
        onnx.save(made, out / f"{name}.onnx")
        index.append({"name": name, "dims": dims, "tolerance": tolerance, "cases": [
            {key: {"kind": KINDS[np.asarray(array).dtype], "shape": list(np.shape(array)), "data": np.asarray(array).ravel().tolist()} for key, array in case.items()} for case in cases]})
    (out / "index.json").write_text(json.dumps(index))


main(sys.argv[1])
