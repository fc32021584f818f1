"""light.py NAME OUT.onnx: a `light_*` model of the onnx package with seeded random weights of a realistic scale.

The package's light models make every weight by ConstantOfShape(0.02). Constants hide layout bugs, so each is replaced by an
ordinary initializer, drawn by the role that its consumer gives it (He et al. 2015 for contractions).
"""
import pathlib
import sys
import zlib

import numpy as np
import onnx
from onnx import numpy_helper

LIGHT = pathlib.Path(onnx.__file__).parent / "backend/test/data/light"
MOVEMENT = {"Unsqueeze", "Squeeze", "Reshape", "Identity"}  # a weight keeps its role through these
PASSING = MOVEMENT | {"AveragePool", "Concat", "Dropout", "GlobalAveragePool", "LRN", "MaxPool", "Transpose"}


def normal(mean: float, std: float):
    return lambda rng, shape, node, graph: rng.normal(mean, std, shape)


def rectified(graph, name) -> bool:
    """Whether the value is a Relu's, perhaps pooled or moved: then half of its second moment is gone."""
    producer = next((node for node in graph.node if name in node.output), None)
    if producer is None or producer.op_type == "Relu":
        return producer is not None
    return producer.op_type in PASSING and rectified(graph, producer.input[0])


def he_conv(rng, shape, node, graph):
    """(outputs, inputs / group, kernel...): fan-in is all but the first."""
    gain = 2.0 if rectified(graph, node.input[0]) else 1.0
    return rng.normal(0.0, np.sqrt(gain / np.prod(shape[1:])), shape)


def he_gemm(rng, shape, node, graph):
    """(K, N), or (N, K) with transB, perhaps with ones around. A classifier is drawn smaller: its Softmax must not saturate."""
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    fan_in = [d for d in shape if d > 1][1 if transposed else 0]
    gain = 0.2 if consumer(graph, node.output[0])[0].op_type == "Softmax" else 2.0
    return rng.normal(0.0, np.sqrt(gain / fan_in), shape)


def variance(rng, shape, node, graph):
    return np.maximum(rng.normal(1.0, 0.3, shape), 0.2)


# (consumer, operand) -> how the weight is drawn.
ROLES = {
    ("Conv", 1): he_conv, ("Conv", 2): normal(0.0, 0.05),
    ("Gemm", 1): he_gemm, ("Gemm", 2): normal(0.0, 0.05),
    ("BatchNormalization", 1): normal(1.0, 0.1), ("BatchNormalization", 2): normal(0.0, 0.1),
    ("BatchNormalization", 3): normal(0.0, 0.1), ("BatchNormalization", 4): variance,
    ("Mul", 1): normal(1.0, 0.1), ("Add", 1): normal(0.0, 0.1),
}


def consumer(graph, name):
    """The first node that computes with `name`, and the operand's index there."""
    for node in graph.node:
        if name in node.input:
            if node.op_type in MOVEMENT and node.input[0] == name:
                return consumer(graph, node.output[0])
            return node, list(node.input).index(name)
    return None, 0


def residual_ends(graph):
    """Names of the values that residual sums add."""
    return {name for node in graph.node if node.op_type == "Sum" for name in node.input}


def randomize(model, seed: int):
    graph = model.graph
    constants = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    made = {n.output[0]: tuple(int(d) for d in constants[n.input[0]]) for n in graph.node if n.op_type == "ConstantOfShape"}
    shapes = {name: value.shape for name, value in constants.items() if value.dtype == np.float32} | made
    damped = residual_ends(graph)
    weights = []
    for name, shape in sorted(shapes.items()):
        node, operand = consumer(graph, name)
        if node is None:
            continue
        role = ROLES.get((node.op_type, operand))
        if role is None:
            raise SystemExit(f"light.py: no role for {name}: operand {operand} of {node.op_type}")
        rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
        value = role(rng, shape, node, graph)
        if node.op_type == "BatchNormalization" and operand in (1, 2) and node.output[0] in damped:
            value = value * 0.5  # trained networks end residual branches small; else the variance doubles at each sum
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32), name))
    replaced = {w.name for w in weights}
    used = {name for node in graph.node if node.op_type != "ConstantOfShape" for name in node.input}
    kept = [i for i in graph.initializer if i.name in used and i.name not in replaced]
    nodes = [n for n in graph.node if n.op_type != "ConstantOfShape"]
    # Since IR version 4 initializers need not be inputs too; what stays an input is what a user feeds.
    inputs = [i for i in graph.input if i.name in used and i.name not in constants]
    model.ir_version = 8
    for field, items in ((graph.initializer, kept + weights), (graph.node, nodes), (graph.input, inputs)):
        del field[:]
        field.extend(items)
    onnx.checker.check_model(model)
    return model


def main():
    name, out = sys.argv[1:]
    onnx.save(randomize(onnx.load(LIGHT / f"light_{name}.onnx"), seed=2026), out)


if __name__ == "__main__":
    main()
