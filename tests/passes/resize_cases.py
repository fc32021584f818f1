"""Writes resize_cases.txt: one line a case, what ONNX's reference implementation makes of it.

mode coordinates nearest cubic_a | extents | scales | sizes (empty: from the scales) | result extents | result
The input is x[i] = (7 * i % 11) / 4 - 1 over the flat index i.

Left out, because the reference follows neither the operator's text nor ONNX Runtime: align_corners where extent * scale is not
whole (the text divides by the result's extent), pytorch_half_pixel with a result of one element in mode cubic (the text has 0, the
reference -0.5).
"""

import itertools
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

COORDINATES = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
NEAREST = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
# (extents, scales): whole factors, shrinking, both at once, axes that stay.
SHAPES = [
    ([1, 2, 3, 4], [1, 1, 2, 2]),
    ([1, 1, 4, 6], [1, 1, 0.5, 0.5]),
    ([2, 5], [1, 1.5]),
    ([5, 2], [0.75, 3]),
    ([3, 8], [2, 0.25]),
    ([4, 3, 2], [1, 2, 1]),
    ([7], [0.625]),
    ([1, 5], [4, 0.5]),
]
# (extents, sizes)
SIZES = [([2, 3], [2, 8]), ([4, 4], [2, 6]), ([6], [4]), ([3, 5, 2], [3, 8, 1])]


def is_whole(extents, scales):
    return all(float(e * s).is_integer() for e, s in zip(extents, scales))


def run(x, attributes, scales, sizes):
    names = ["x", "", "scales" if scales else "", "sizes" if sizes else ""]
    initializers = []
    if scales:
        initializers.append(helper.make_tensor("scales", TensorProto.FLOAT, [len(scales)], scales))
    if sizes:
        initializers.append(helper.make_tensor("sizes", TensorProto.INT64, [len(sizes)], sizes))
    node = helper.make_node("Resize", names if sizes else names[:3], ["y"], **attributes)
    graph = helper.make_graph(
        [node],
        "resize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])
    return ReferenceEvaluator(model).run(None, {"x": x})[0]


def variants():
    for coordinates, nearest in itertools.product(COORDINATES, NEAREST):
        yield "nearest", coordinates, nearest, -0.75
    for coordinates in COORDINATES:
        yield "linear", coordinates, "floor", -0.75
        yield "cubic", coordinates, "floor", -0.75
        yield "cubic", coordinates, "floor", -0.5


def main():
    lines = []
    shapes = [(e, s, []) for e, s in SHAPES] + [(e, [], s) for e, s in SIZES]
    for (mode, coordinates, nearest, a), (extents, scales, sizes) in itertools.product(variants(), shapes):
        if coordinates == "align_corners" and scales and not is_whole(extents, scales):
            continue
        x = ((7 * np.arange(np.prod(extents)) % 11) / 4 - 1).astype(np.float32).reshape(extents)
        attributes = dict(mode=mode, coordinate_transformation_mode=coordinates, nearest_mode=nearest, cubic_coeff_a=a)
        y = run(x, attributes, scales, sizes)
        one = any(n == 1 and e > 1 for n, e in zip(y.shape, extents))
        if coordinates == "pytorch_half_pixel" and mode == "cubic" and one:
            continue
        fields = [f"{mode} {coordinates} {nearest} {a}"]
        fields += [" ".join(str(v) for v in values) for values in (extents, scales, sizes, y.shape)]
        fields.append(" ".join(f"{v:.7g}" for v in y.flatten()))
        lines.append(" | ".join(fields))
    path = pathlib.Path(__file__).with_name("resize_cases.txt")
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
