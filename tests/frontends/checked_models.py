"""checked_models.py OUTDIR: models in which data decides indices, extents, positions or chance (tests/node/checks.test.mjs).

OUTDIR/NAME.onnx
"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

node = helper.make_node
FLOAT, INT64, INT32, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL


def value(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, shape)


def sequence(name, kind, *shape):
    return helper.make_value_info(name, helper.make_sequence_type_proto(helper.make_tensor_type_proto(kind, shape)))


def constant(name, array, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(array, dtype), name)


def model(nodes, inputs, outputs, initializers=(), opset=18):
    graph = helper.make_graph(nodes, "checked", inputs, outputs, list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def embedding(extent):
    """Rows of a table of 10, twice by the same ids."""
    table = np.arange(40).reshape(10, 4)
    nodes = [node("Gather", ["table", "ids"], ["words"], name="words"), node("Gather", ["table2", "ids"], ["more"], name="more"),
             node("Add", ["words", "more"], ["y"])]
    return model(nodes, [value("ids", INT64, 2, extent)], [value("y", FLOAT, None, None, 4)], [constant("table", table), constant("table2", -2 * table)])


def narrow_indices():
    """Indices in 32 bits, and some that are computed in range: those are not checked."""
    nodes = [node("ArgMax", ["x"], ["best"], axis=1, keepdims=1), node("GatherElements", ["x", "best"], ["top"], axis=1),
             node("GatherElements", ["x", "at"], ["picked"], axis=1, name="pick")]
    return model(nodes, [value("x", FLOAT, 2, 3), value("at", INT32, 2, 2)], [value("top", FLOAT, 2, 1), value("picked", FLOAT, 2, 2)])


def encoded():
    """Categories of which each has to be listed."""
    made = model([node("OneHotEncoder", ["x"], ["y"], name="encode", domain="ai.onnx.ml", cats_int64s=[3, 5, 9], zeros=0)], [value("x", INT64, 4)], [value("y", FLOAT, 4, 3)])
    made.opset_import.append(helper.make_opsetid("ai.onnx.ml", 1))
    return made


def counted():
    nodes = [node("Range", ["from", "to", "by"], ["steps"], name="steps"), node("Mul", ["steps", "steps"], ["y"])]
    return model(nodes, [value(name, INT64) for name in ("from", "to", "by")], [value("y", INT64, "n")])


def loop():
    """Doubles x until the trip count is over or x is above 100; collects what it had."""
    body = helper.make_graph(
        [node("Add", ["x_in", "x_in"], ["x_out"]), node("Less", ["x_out", "limit"], ["on"]), node("Identity", ["x_in"], ["seen"])], "body",
        [value("i", INT64), value("cond", BOOL), value("x_in", FLOAT, 2)],
        [value("on", BOOL), value("x_out", FLOAT, 2), value("seen", FLOAT, 2)])
    body.node[1].input[0] = "first"
    body.node.insert(1, node("Gather", ["x_out", "zero"], ["first"]))
    nodes = [node("Loop", ["trips", "yes", "x"], ["last", "all"], body=body, name="doubling")]
    return model(nodes, [value("trips", INT64), value("x", FLOAT, 2)], [value("last", FLOAT, 2), value("all", FLOAT, None, 2)],
                 [constant("yes", True, bool), constant("limit", 100.0), constant("zero", 0, np.int64)])


def choice():
    """An element of a sequence, what is left without it, and with another one in its place."""
    nodes = [node("SequenceAt", ["xs", "at"], ["one"], name="take"), node("SequenceErase", ["xs", "at"], ["rest"]),
             node("SequenceInsert", ["rest", "extra", "at"], ["changed"]), node("ConcatFromSequence", ["changed"], ["all"], axis=0, new_axis=1)]
    return model(nodes, [sequence("xs", FLOAT, "n"), value("at", INT64), value("extra", FLOAT, "n")],
                 [value("one", FLOAT, "n"), value("all", FLOAT, None, "n")])


def maybe():
    """An optional input, or a fallback."""
    optional = helper.make_value_info("x", helper.make_optional_type_proto(helper.make_tensor_type_proto(FLOAT, [3])))
    some = helper.make_graph([node("OptionalGetElement", ["x"], ["given"])], "some", [], [value("given", FLOAT, 3)])
    none = helper.make_graph([node("Identity", ["fallback"], ["other"])], "none", [], [value("other", FLOAT, 3)])
    nodes = [node("OptionalHasElement", ["x"], ["has"]), node("If", ["has"], ["y"], then_branch=some, else_branch=none)]
    return model(nodes, [optional, value("fallback", FLOAT, 3)], [value("y", FLOAT, 3)])


def chance(seeded):
    """Of every random operator; x is a probability."""
    seed = {"seed": 3.0} if seeded else {}
    nodes = [node("RandomUniform", [], ["uniform"], shape=[50000], low=-1.0, high=3.0, **seed),
             node("RandomNormal", [], ["normal"], shape=[50000], mean=2.0, scale=0.5, **seed),
             node("RandomNormalLike", ["x"], ["like"], mean=-1.0, scale=2.0, **seed),
             node("RandomUniformLike", ["x"], ["double"], dtype=TensorProto.DOUBLE, **seed),
             node("Bernoulli", ["x"], ["coin"], **seed),
             node("Multinomial", ["scores"], ["class"], sample_size=20000, **seed),
             node("Dropout", ["x", "ratio", "training"], ["dropped", "mask"], **({"seed": 3} if seeded else {}))]
    return model(nodes, [value("x", FLOAT, 50000), value("scores", FLOAT, 2, 3)],
                 [value("uniform", FLOAT, 50000), value("normal", FLOAT, 50000), value("like", FLOAT, 50000), value("double", TensorProto.DOUBLE, 50000), value("coin", FLOAT, 50000),
                  value("class", INT32, 2, 20000), value("dropped", FLOAT, 50000), value("mask", BOOL, 50000)],
                 [constant("ratio", 0.25), constant("training", True, bool)])


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    models = {"embedding": embedding("seq"), "narrow": narrow_indices(), "counted": counted(), "encoded": encoded(), "loop": loop(), "choice": choice(), "maybe": maybe(),
              "seeded": chance(True), "unseeded": chance(False)}
    for name, made in models.items():
        onnx.save(made, out / f"{name}.onnx")


if __name__ == "__main__":
    main()
