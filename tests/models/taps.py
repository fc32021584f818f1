"""Makes intermediate tensors of a model its outputs too.

taps.py candidates MODEL OUT.onnx N       adds up to N tensors spread over depth, prints their names, shallow first, as JSON
taps.py fix MODEL OUT.onnx TAPS.json      adds exactly these: [{"name", "shape"}], f32
"""
import json
import sys

import onnx
from onnx import TensorProto, helper

OPAQUE = {"Constant", "ConstantOfShape", "Shape", "Size"}  # what follows these is not data of the input


def data_values(graph):
    """Values computed from the inputs' data, in graph order, without the graph's own outputs."""
    constant = {i.name for i in graph.initializer}
    live = {i.name for i in graph.input} - constant
    outputs = {o.name for o in graph.output}
    values = []
    for node in graph.node:
        if node.op_type not in OPAQUE and live.intersection(node.input):
            live.update(name for name in node.output if name)
            if node.output[0] not in outputs:
                values.append(node.output[0])
    return values


def candidates(model, count: int):
    values = data_values(model.graph)
    step = max(1.0, len(values) / count)
    chosen = [values[int(i * step)] for i in range(min(count, len(values)))]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in chosen)
    return chosen


def main():
    command, source, target, argument = sys.argv[1:]
    model = onnx.load(source)
    if command == "candidates":
        print(json.dumps(candidates(model, int(argument))))
    else:
        for tap in json.load(open(argument)):
            model.graph.output.append(helper.make_tensor_value_info(tap["name"], TensorProto.FLOAT, tap["shape"]))
    onnx.save(model, target)


if __name__ == "__main__":
    main()
