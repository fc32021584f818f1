"""models.py OUTDIR: the models of the suite, OUTDIR/NAME.onnx."""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

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

if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name, made in MODELS.items():
        (out / f"{name}.onnx").write_bytes(made.SerializeToString())
