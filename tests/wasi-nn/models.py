"""models.py OUTDIR: the models of the suite, OUTDIR/NAME.onnx, and what the decoders among them say, OUTDIR/tokens.txt."""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

node = helper.make_node
T = TensorProto
TYPES = {"f16": T.FLOAT16, "bf16": T.BFLOAT16, "f32": T.FLOAT, "f64": T.DOUBLE, "u8": T.UINT8, "i32": T.INT32, "i64": T.INT64, "boolean": T.BOOL,
         "i8": T.INT8, "i16": T.INT16, "u16": T.UINT16, "u32": T.UINT32, "u64": T.UINT64}


def value(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name, array, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(array, dtype), name)


def model(nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, "suite", inputs, outputs, list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def doubles(kind, *shape):
    """y = x + x"""
    return model([node("Add", ["x", "x"], ["y"])], [value("x", kind, *shape)], [value("y", kind, *shape)])


def of_type(kind):
    other = node("Not", ["x"], ["y"]) if kind == T.BOOL else node("Add", ["x", "x"], ["y"])
    return model([node("Identity", ["x"], ["same"]), other], [value("x", kind, 1, 3)], [value("same", kind, 1, 3), value("y", kind, 1, 3)])


MODELS = {
    **{f"type-{name}": of_type(kind) for name, kind in TYPES.items()},
    "double": doubles(T.FLOAT, 1, 3),
    "batch": doubles(T.FLOAT, "n", 3),
    "unnamed": doubles(T.FLOAT, None, 2),
    "agree": model([node("Add", ["a", "b"], ["y"])], [value("a", T.FLOAT, "n", 2), value("b", T.FLOAT, "n", 2)], [value("y", T.FLOAT, "n", 2)]),
    "ports": model([node("Add", ["a", "one"], ["s"]), node("Mul", ["b", "three"], ["t"])], [value("a", T.FLOAT, 2, 3), value("b", T.INT64, 4)],
                   [value("s", T.FLOAT, 2, 3), value("t", T.INT64, 4)], [constant("one", 1), constant("three", 3, np.int64)]),
    "linear": model([node("Gemm", ["x", "w", "b"], ["y"])], [value("x", T.FLOAT, 1, 8)], [value("y", T.FLOAT, 1, 4)],
                    [constant("w", [[i + 10 * j for j in range(4)] for i in range(8)]), constant("b", range(4))]),
    "lookup": model([node("Gather", ["table", "index"], ["y"], name="lookup")], [value("index", T.INT64, 2)], [value("y", T.FLOAT, 2)],
                    [constant("table", [0, 10, 20, 30, 40])]),
    "unsupported": model([node("Frobnicate", ["x"], ["y"], domain="example.unknown")], [value("x", T.FLOAT, 1, 3)], [value("y", T.FLOAT, 1, 3)]),
}

VOCABULARY, WIDTH, MOST_POSITIONS = 32, 16, 64


def decoder(cached):
    """Token ids i64[1, seq] -> logits f32[1, seq, 32]: one layer of causal attention with positions, from a seed. `cached`: keys and values of before
    come in and go out, as past.key|value and present.key|value f32[1, past, 16]."""
    random = np.random.default_rng(2031)
    matrices = {name: random.normal(0, 1, shape) for name, shape in {
        "tokens": (VOCABULARY, WIDTH), "positions": (MOST_POSITIONS, WIDTH), "wq": (WIDTH, WIDTH), "wk": (WIDTH, WIDTH), "wv": (WIDTH, WIDTH),
        "out": (WIDTH, VOCABULARY)}.items()}
    keys, values = ("k", "v") if not cached else ("present.key", "present.value")
    cache = [node("Concat", ["past.key", "k"], [keys], axis=1), node("Concat", ["past.value", "v"], [values], axis=1)] if cached else []
    nodes = [
        node("Shape", ["ids"], ["count"], start=1, end=2), node("Shape", ["past.key"] if cached else ["ids"], ["before"], start=1, end=2 if cached else 1),
        node("ReduceSum", ["count"], ["n"], keepdims=0), node("ReduceSum", ["before"], ["p"], keepdims=0), node("Add", ["n", "p"], ["total"]),
        node("Range", ["p", "total", "one"], ["rows"]), node("Range", ["zero", "total", "one"], ["columns"]),
        node("Gather", ["tokens", "ids"], ["embedded"]), node("Gather", ["positions", "rows"], ["placed"]), node("Add", ["embedded", "placed"], ["x"]),
        node("MatMul", ["x", "wq"], ["q"]), node("MatMul", ["x", "wk"], ["k"]), node("MatMul", ["x", "wv"], ["v"]), *cache,
        node("Transpose", [keys], ["kt"], perm=[0, 2, 1]), node("MatMul", ["q", "kt"], ["raw"]), node("Mul", ["raw", "scale"], ["scores"]),
        node("Unsqueeze", ["rows", "last"], ["row"]), node("LessOrEqual", ["columns", "row"], ["seen"]),
        node("Where", ["seen", "scores", "never"], ["masked"]), node("Softmax", ["masked"], ["weights"], axis=-1),
        node("MatMul", ["weights", values], ["mixed"]), node("Add", ["mixed", "x"], ["y"]), node("MatMul", ["y", "out"], ["logits"]),
    ]
    constants = [constant(name, matrix) for name, matrix in matrices.items()]
    constants += [constant("scale", 1 / WIDTH), constant("never", -1e9), constant("last", [1], np.int64), constant("zero", 0, np.int64), constant("one", 1, np.int64)]
    states = [[value(f"{when}.{part}", T.FLOAT, 1, extent, WIDTH) for part in ("key", "value")] for when, extent in (("past", "past"), ("present", "total"))]
    inputs = [value("ids", T.INT64, 1, "seq"), *(states[0] if cached else [])]
    outputs = [value("logits", T.FLOAT, 1, "seq", VOCABULARY), *(states[1] if cached else [])]
    return model(nodes, inputs, outputs, constants)


MODELS |= {"decoder": decoder(True), "rereader": decoder(False)}


def exponential(x):
    total = 1.0
    for k in range(9, 0, -1):
        total = 1 + total * (x / 256) / k
    for _ in range(8):
        total *= total
    return total


def sampler(temperature, top, seed):
    """The rules of docs/wasi-nn.md in double precision."""
    state = seed

    def choose(scores):
        nonlocal state
        scores = [float(each) for each in scores]
        best = scores.index(max(scores))
        if temperature == 0:
            return best
        chosen = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:top]
        weights = [exponential(x) if x >= -40 else 0.0 for x in ((scores[i] - scores[best]) / temperature for i in chosen)]
        state = (state + 0x9E3779B9) % 2**32
        z = (state ^ state >> 16) * 0x21F0AAAD % 2**32
        z = (z ^ z >> 15) * 0x735A2D97 % 2**32
        total = 0.0
        for weight in weights:
            total += weight
        wanted, total = (z ^ z >> 15) / 2**32 * total, 0.0
        for i, weight in zip(chosen, weights):
            total += weight
            if wanted < total:
                return i
        return best
    return choose


def continued(prompt, count, choose):
    """By ONNX's reference evaluator, on the model without a cache."""
    session, ids = ReferenceEvaluator(MODELS["rereader"]), list(prompt)
    while len(ids) < len(prompt) + count:
        ids.append(choose(session.run(["logits"], {"ids": np.asarray([ids], np.int64)})[0][0, -1]))
    return ids[len(prompt):]


def token_lines():
    """A prompt, its best continuation, one that is drawn; a longer prompt and its continuation. The first is as long as the bundle of the suite has room for, whose cache has 40 places at the beginning of a run."""
    random = np.random.default_rng(7)
    short, long = ([int(each) for each in random.integers(VOCABULARY, size=size)] for size in (5, 20))
    lines = [short, continued(short, 37, sampler(0, 0, 0)), continued(short, 20, sampler(0.8, 8, 5)), long, continued(long, 12, sampler(0, 0, 0))]
    return "".join(" ".join(map(str, line)) + "\n" for line in lines)


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name, made in MODELS.items():
        (out / f"{name}.onnx").write_bytes(made.SerializeToString())
    (out / "tokens.txt").write_text(token_lines())
