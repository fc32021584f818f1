"""A detector of objects in pictures of any size, with seeded weights, that ends in NonMaxSuppression.

As such networks are exported: a residual backbone, features of two scales brought together by an upsampling, a head for each scale that gives
four distances and class scores a cell, boxes decoded on grids that Shape and Range make, NonMaxSuppression, and gathers of what it chose.

image f32[1, 3, h, w] in [-1, 1] (h, w multiples of 32) -> boxes f32[n, 4] (x1, y1, x2, y2 in pixels), scores f32[n], classes i64[n].
"""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

CLASSES = 5
STRIDES = (8, 16)
LIMIT = 30  # boxes of each class at most


class Net:
    """Collects nodes and initializers; each method adds one layer and gives the name of its output."""

    def __init__(self, seed: int):
        self.random = np.random.Generator(np.random.PCG64(seed))
        self.nodes, self.initializers = [], []

    def constant(self, values, dtype=np.int64) -> str:
        name = f"constant{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def node(self, kind: str, *inputs: str, outputs=None, **attributes):
        names = outputs or [f"{kind.lower()}{len(self.nodes)}"]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if len(names) == 1 else names

    def conv(self, x: str, channels_in: int, channels: int, kernel: int, stride=1, gain=2.8, bias=0.0) -> str:
        """He et al. 2015, with what SiLU leaves of a second moment; the bias is one value or one a channel."""
        weight = self.random.normal(0.0, np.sqrt(gain / (channels_in * kernel * kernel)), (channels, channels_in, kernel, kernel))
        offset = self.random.normal(0.0, 0.05, channels) + bias
        pad = kernel // 2
        return self.node("Conv", x, self.constant(weight, np.float32), self.constant(offset, np.float32), strides=[stride, stride], pads=[pad] * 4)

    def activated(self, *args, **kwargs) -> str:
        x = self.conv(*args, **kwargs)
        return self.node("Mul", x, self.node("Sigmoid", x))

    def residual(self, x: str, channels: int) -> str:
        inner = self.activated(x, channels, channels // 2, 1)
        return self.node("Add", x, self.activated(inner, channels // 2, channels, 3, gain=1.0))


def grid(net: Net, features: str, stride: int) -> str:
    """f32[1, h * w, 2]: the pixels x, y at the middle of each cell."""
    shape = net.node("Shape", features)
    zero, one = net.constant(0), net.constant(1)
    extents = [net.node("Gather", shape, net.constant(axis), axis=0) for axis in (2, 3)]
    columns, rows = (net.node("Range", zero, extent, one) for extent in (extents[1], extents[0]))
    size = net.node("Concat", *[net.node("Unsqueeze", extent, net.constant([0])) for extent in extents], axis=0)
    x = net.node("Expand", net.node("Unsqueeze", columns, net.constant([0])), size)
    y = net.node("Expand", net.node("Unsqueeze", rows, net.constant([1])), size)
    pair = net.node("Concat", *[net.node("Unsqueeze", each, net.constant([2])) for each in (x, y)], axis=2)
    cells = net.node("Cast", net.node("Reshape", pair, net.constant([1, -1, 2])), to=TensorProto.FLOAT)
    middle = net.node("Add", cells, net.constant(0.5, np.float32))
    return net.node("Mul", middle, net.constant(stride, np.float32))


def head(net: Net, features: str, channels: int, stride: int):
    """boxes f32[1, cells, 4], scores f32[1, cells, CLASSES]."""
    inner = net.activated(features, channels, channels, 3)
    distances = net.conv(inner, channels, 4, 1, gain=0.2, bias=0.5)
    logits = net.conv(inner, channels, CLASSES, 1, gain=1.0, bias=-1.2)
    joined = net.node("Concat", distances, logits, axis=1)
    flat = net.node("Reshape", joined, net.constant([1, 4 + CLASSES, -1]))
    cells = net.node("Transpose", flat, perm=[0, 2, 1])
    sides, classes = net.node("Split", cells, net.constant([4, CLASSES]), axis=2, outputs=[f"sides{stride}", f"classes{stride}"])
    pixels = net.node("Mul", net.node("Exp", sides), net.constant(stride, np.float32))
    before, after = net.node("Split", pixels, net.constant([2, 2]), axis=2, outputs=[f"before{stride}", f"after{stride}"])
    at = grid(net, features, stride)
    return net.node("Concat", net.node("Sub", at, before), net.node("Add", at, after), axis=2), net.node("Sigmoid", classes)


def backbone(net: Net, image: str):
    """Features of strides 8 and 16, of 48 and 64 channels."""
    x = net.activated(image, 3, 16, 3, stride=2)
    x = net.residual(net.activated(x, 16, 32, 3, stride=2), 32)
    fine = net.residual(net.activated(x, 32, 48, 3, stride=2), 48)
    coarse = net.residual(net.activated(fine, 48, 64, 3, stride=2), 64)
    pooled = net.node("MaxPool", coarse, kernel_shape=[5, 5], pads=[2, 2, 2, 2])
    coarse = net.activated(net.node("Concat", coarse, pooled, axis=1), 128, 64, 1)
    up = net.node("Resize", net.activated(coarse, 64, 48, 1), "", net.constant([1, 1, 2, 2], np.float32), mode="nearest",
                  coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    return net.activated(net.node("Concat", up, fine, axis=1), 96, 48, 3), coarse


def selected(net: Net, boxes: str, scores: str):
    """What NonMaxSuppression takes: its rows are [picture, class, box]."""
    by_class = net.node("Transpose", scores, perm=[0, 2, 1])
    rows = net.node("NonMaxSuppression", boxes, by_class, net.constant([LIMIT]), net.constant([0.45], np.float32), net.constant([0.5], np.float32))
    column = [net.node("Squeeze", net.node("Slice", rows, net.constant([i]), net.constant([i + 1]), net.constant([1])), net.constant([1])) for i in (1, 2)]
    flat_boxes = net.node("Squeeze", boxes, net.constant([0]))
    net.node("Gather", flat_boxes, column[1], axis=0, outputs=["boxes"])
    net.node("GatherND", by_class, rows, outputs=["scores"])
    net.node("Identity", column[0], outputs=["classes"])


def make(seed=2026):
    net = Net(seed)
    heads = [head(net, features, channels, stride) for features, channels, stride in zip(backbone(net, "image"), (48, 64), STRIDES)]
    boxes, scores = (net.node("Concat", *parts, axis=1) for parts in zip(*heads))
    selected(net, boxes, scores)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(net.nodes, "detector", [value("image", TensorProto.FLOAT, [1, 3, "h", "w"])],
                              [value("boxes", TensorProto.FLOAT, ["n", 4]), value("scores", TensorProto.FLOAT, ["n"]), value("classes", TensorProto.INT64, ["n"])],
                              net.initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
