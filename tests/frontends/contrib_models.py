"""Models of one com.microsoft operator each, or a few that go together; see operator_models.py, which writes them. Seeded."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RANDOM = np.random.default_rng(11)
KINDS = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "int32": TensorProto.INT32, "uint8": TensorProto.UINT8,
         "int8": TensorProto.INT8}


def normal(*shape, scale=1.0):
    return (RANDOM.standard_normal(shape) * scale).astype(np.float32)


def integers(dtype, low, high, *shape):
    return RANDOM.integers(low, high, shape).astype(dtype)


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(" "), outputs.split(), domain="com.microsoft", **attributes)


def model(nodes, inputs, constants=None, outputs=None, types=None):
    """All outputs of the nodes that no node reads are the model's, of f32 but for what `types` says."""
    read = {name for each in nodes for name in each.input}
    names = outputs or [name for each in nodes for name in each.output if name and name not in read]
    graph = helper.make_graph(
        nodes, "test", [helper.make_tensor_value_info(k, KINDS[v.dtype.name], v.shape) for k, v in inputs.items()],
        [helper.make_tensor_value_info(o, (types or {}).get(o, TensorProto.FLOAT), None) for o in names],
        [numpy_helper.from_array(a, n) for n, a in (constants or {}).items()])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8), inputs


def gelus():
    nodes = [node("BiasGelu", "x b", "y1"), node("FastGelu", "x b", "y2"), node("FastGelu", "x", "y3"),
             node("QuickGelu", "x", "y4", alpha=1.5), node("Gelu", "x", "y5")]
    return model(nodes, {"x": normal(3, 5, 24)}, {"b": normal(24)})


def normalizations():
    nodes = [node("SkipLayerNormalization", "x s g b c", "y1 m1 v1 z1", epsilon=1e-5),
             node("SkipLayerNormalization", "x s g b", "y2"),
             node("SkipSimplifiedLayerNormalization", "x s g c", "y3", epsilon=1e-6),
             helper.make_node("SimplifiedLayerNormalization", ["x", "g"], ["y4"], axis=-1, epsilon=1e-6),
             helper.make_node("LayerNormalization", ["x", "g", "b"], ["y5"])]
    return model(nodes, {"x": normal(2, 7, 40), "s": normal(2, 7, 40)}, {"g": normal(40), "b": normal(40), "c": normal(40)},
                 outputs=["y1", "z1", "y2", "y3", "y4", "y5"])


def moved_domain():
    """Operators that are com.microsoft's in some exports, and plain ONNX in ONNX Runtime's own."""
    nodes = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "y1"), node("LayerNormalization", "x g b", "y2", epsilon=1e-5),
             node("SimplifiedLayerNormalization", "x g", "y3", epsilon=1e-6)]
    made, inputs = model(nodes, {"x": normal(2, 7, 40)}, {"g": normal(40), "b": normal(40), **scalars(s=np.float32(0.02), z=np.uint8(117))})
    reference = onnx.ModelProto()
    reference.CopyFrom(made)
    for each in reference.graph.node:
        if each.op_type.endswith("Normalization"):
            each.domain = ""
    return made, inputs, reference


def embedding():
    nodes = [node("EmbedLayerNormalization", "ids segments words positions kinds g b mask", "y counts", epsilon=1e-6)]
    inputs = {"ids": integers(np.int32, 0, 30, 2, 9), "segments": integers(np.int32, 0, 2, 2, 9),
              "mask": (np.arange(9) < np.array([[9], [5]])).astype(np.int32)}
    return model(nodes, inputs, {"words": normal(30, 16), "positions": normal(20, 16), "kinds": normal(2, 16), "g": normal(16),
                                 "b": normal(16)}, types={"counts": TensorProto.INT32})


def fused_products():
    nodes = [node("FusedMatMul", "a b", "y1", transA=1, transB=1, alpha=0.25), node("FusedMatMul", "c b", "y2", transB=1),
             node("FusedGemm", "d e f", "y3", activation="LeakyRelu", activation_alpha=0.2, alpha=0.5, beta=2.0, transB=1)]
    return model(nodes, {"a": normal(2, 10, 6), "b": normal(2, 8, 10), "c": normal(2, 6, 10), "d": normal(5, 12)},
                 {"e": normal(7, 12), "f": normal(7)})


def fused_conv():
    pads = [1, 1, 1, 1]
    nodes = [node("FusedConv", "x w b", "y1", activation="Relu", pads=pads),
             node("FusedConv", "x w b z", "y2", activation="Relu", pads=pads),
             node("FusedConv", "x w b", "y3", activation="HardSigmoid", activation_params=[0.3, 0.4], pads=pads),
             node("FusedConv", "x w", "y4", activation="Clip", activation_params=[-0.5, 2.0], strides=[2, 2])]
    return model(nodes, {"x": normal(1, 4, 11, 13), "z": normal(1, 8, 11, 13)}, {"w": normal(8, 4, 3, 3, scale=0.2), "b": normal(8)})


def matmul_nbits(bits, block, zeros, k=80, n=48):
    blocks = -(-k // block)
    per_byte = 8 // bits
    constants = {"w": integers(np.uint8, 0, 256, n, blocks, block // per_byte), "s": normal(n * blocks, scale=0.02)}
    extra = ""
    if zeros:
        extra = " z"
        constants["z"] = integers(np.uint8, 0, 256, n * -(-blocks // per_byte))
    nodes = [node("MatMulNBits", "x w s" + extra, "y", K=k, N=n, bits=bits, block_size=block)]
    return model(nodes, {"x": normal(2, 5, k)}, constants)


def rotary():
    angles = RANDOM.random((32, 4)).astype(np.float32) * 3
    constants = {"cos": np.cos(angles), "sin": np.sin(angles), "first": np.array([5], np.int64)}
    nodes = [node("RotaryEmbedding", "x at cos sin", "y1"), node("RotaryEmbedding", "x first cos sin", "y2", interleaved=1),
             node("RotaryEmbedding", "h at cos sin", "y3"),
             node("RotaryEmbedding", "p at cos sin", "y4", rotary_embedding_dim=8, num_heads=2)]
    inputs = {"x": normal(2, 7, 24), "h": normal(2, 3, 7, 8), "p": normal(2, 7, 32), "at": integers(np.int64, 0, 32, 2, 7)}
    return model(nodes, inputs, constants)


def attention(past, mask, **attributes):
    hidden, heads, size, length, before = 24, 3, 8, 6, 4
    inputs = {"x": normal(2, length, hidden)}
    total = length + (before if past else 0)
    names = ["x", "w", "b", "mask" if mask else "", "past" if past else ""]
    if mask == "lengths":
        inputs["mask"] = np.array([total, total - 2], np.int32)
    if mask == "rows":
        inputs["mask"] = (np.arange(total) < np.array([[total], [total - 3]])).astype(np.int32)
    if past:
        inputs["past"] = normal(2, 2, heads, before, size)
    nodes = [node("Attention", " ".join(names).rstrip(), "y state" if past else "y", num_heads=heads, **attributes)]
    return model(nodes, inputs, {"w": normal(hidden, 3 * hidden, scale=0.3), "b": normal(3 * hidden)})


def multi_head(form):
    heads, size, queries, keys = 3, 8, 5, 9
    hidden = heads * size
    inputs = {"q": normal(2, queries, hidden), "k": normal(2, keys, hidden), "v": normal(2, keys, hidden)}
    names, outputs, constants = "q k v", "y", {}
    if form == "bias":
        names, constants = "q k v b m a", {"b": normal(3 * hidden)}
        inputs["m"] = (np.arange(keys) < np.array([[keys], [6]])).astype(np.int32)
        inputs["a"] = normal(1, heads, queries, keys)
    if form == "past":
        names, outputs = "q k v    pk pv", "y nk nv"
        inputs |= {"k": normal(2, queries, hidden), "v": normal(2, queries, hidden), "pk": normal(2, heads, 4, size), "pv": normal(2, heads, 4, size)}
    # ONNX Runtime has no packed operands on a CPU: it gets a model that takes them apart.
    packed = {"packed": "q", "keys_with_values": "k"}.get(form)
    if packed == "q":
        inputs, names = {"q": normal(2, queries, heads, 3, size)}, "q"
    if packed == "k":
        inputs, names = {"q": normal(2, queries, hidden), "k": normal(2, keys, heads, 2, size)}, "q k"
    if form == "cross":
        inputs |= {"k": normal(2, heads, keys, size), "v": normal(2, heads, keys, size)}
    causal = {"unidirectional": 1} if form == "past" else {}
    nodes = [node("MultiHeadAttention", names, outputs, num_heads=heads, **causal)]
    if not packed:
        return model(nodes, inputs, constants)
    parts = ["q1", "k1", "v1"] if packed == "q" else ["k1", "v1"]
    apart = [each for i, part in enumerate(parts) for each in (
        helper.make_node("Gather", [packed, f"i{i}"], [part + "p"], axis=3), helper.make_node("Reshape", [part + "p", "shape"], [part]))]
    joined = node("MultiHeadAttention", " ".join(parts if packed == "q" else ["q", *parts]), outputs, num_heads=heads)
    indices = {f"i{i}": np.array(i, np.int64) for i in range(len(parts))}
    reference, _ = model([*apart, joined], inputs, {"shape": np.array([0, 0, hidden], np.int64), **indices})
    made, _ = model(nodes, inputs)
    return made, inputs, reference


def grouped_queries(batch, before, queries, packed=False, lengths=None, **attributes):
    heads, kv_heads, size = 4, 2, 16
    total = before + queries
    angles = RANDOM.random((64, size // 2)).astype(np.float32) * 3
    lengths = np.array(lengths or [total] * batch, np.int32)
    inputs = {"q": normal(batch, queries, (heads + 2 * kv_heads if packed else heads) * size)}
    if not packed:
        inputs |= {"k": normal(batch, queries, kv_heads * size), "v": normal(batch, queries, kv_heads * size)}
    inputs |= {"pk": normal(batch, kv_heads, before, size), "pv": normal(batch, kv_heads, before, size), "n": lengths - 1}
    names = f"q {'' if packed else 'k'} {'' if packed else 'v'} pk pv n total cos sin"
    nodes = [node("GroupQueryAttention", names, "y nk nv", num_heads=heads, kv_num_heads=kv_heads, do_rotary=1, **attributes)]
    return model(nodes, inputs, {"cos": np.cos(angles), "sin": np.sin(angles), "total": np.array(total, np.int32)})


def scalars(**values):
    return {name: np.array(value) for name, value in values.items()}


def qlinear_elementwise():
    constants = scalars(xs=np.float32(0.04), xz=np.uint8(120), ws=np.float32(0.02), wz=np.uint8(90), ys=np.float32(0.05), yz=np.uint8(128),
                        ss=np.float32(1 / 256), sz=np.uint8(0))
    nodes = [node("QLinearAdd", "x xs xz w ws wz ys yz", "y1"), node("QLinearMul", "x xs xz w ws wz ys yz", "y2"),
             node("QLinearSigmoid", "x xs xz ss sz", "y3"), node("QLinearLeakyRelu", "x xs xz ys yz", "y4", alpha=0.1),
             node("QLinearSoftmax", "x xs xz ss sz", "y5", axis=-1, opset=13),
             node("QLinearConcat", "ys yz x xs xz w ws wz", "y6", axis=1),
             node("QLinearGlobalAveragePool", "x xs xz ys yz", "y7"),
             node("QLinearAveragePool", "x xs xz ys yz", "y8", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])]
    inputs = {"x": integers(np.uint8, 0, 256, 2, 5, 8, 9), "w": integers(np.uint8, 0, 256, 2, 5, 8, 9)}
    return model(nodes, inputs, constants, types={f"y{i}": TensorProto.UINT8 for i in range(1, 9)})


def integer_products():
    constants = scalars(as_=np.float32(0.02), az=np.uint8(120), ys=np.float32(0.4), yz=np.uint8(100))
    constants |= {"b": integers(np.int8, -100, 100, 24, 10), "bs": np.abs(normal(10, scale=0.01)) + np.float32(0.001), "bz": np.zeros(10, np.int8),
                  "c": integers(np.int32, -2000, 2000, 10), "bias": normal(10)}
    nodes = [node("MatMulIntegerToFloat", "a b as_ bs az bz bias", "y1"), node("DynamicQuantizeMatMul", "x b bs bz bias", "y2"),
             node("QGemm", "a as_ az b bs bz c ys yz", "y3", alpha=1.0), node("QGemm", "a as_ az b bs bz c", "y4", alpha=1.0)]
    return model(nodes, {"a": integers(np.uint8, 0, 256, 6, 24), "x": normal(6, 24)}, constants, types={"y3": TensorProto.UINT8})


MODELS = {
    "gelus": gelus,
    "normalizations": normalizations,
    "moved_domain": moved_domain,
    "embedding": embedding,
    "fused_products": fused_products,
    "fused_conv": fused_conv,
    "matmul_4_bits": lambda: matmul_nbits(4, 16, False),
    "matmul_4_bits_zeros": lambda: matmul_nbits(4, 32, True),
    "matmul_8_bits": lambda: matmul_nbits(8, 32, True),
    "rotary": rotary,
    "attention": lambda: attention(False, None),
    "attention_lengths": lambda: attention(False, "lengths"),
    "attention_rows_past": lambda: attention(True, "rows"),
    "attention_causal_past": lambda: attention(True, None, unidirectional=1, scale=0.3),
    "multi_head": lambda: multi_head("plain"),
    "multi_head_bias": lambda: multi_head("bias"),
    "multi_head_past": lambda: multi_head("past"),
    "multi_head_packed": lambda: multi_head("packed"),
    "multi_head_keys_with_values": lambda: multi_head("keys_with_values"),
    "multi_head_cross": lambda: multi_head("cross"),
    "grouped_queries_prompt": lambda: grouped_queries(1, 0, 7),
    "grouped_queries_step": lambda: grouped_queries(1, 9, 1, rotary_interleaved=1),
    "grouped_queries_packed": lambda: grouped_queries(1, 4, 3, packed=True, softcap=5.0),
    "grouped_queries_window": lambda: grouped_queries(1, 12, 1, local_window_size=4),
    "grouped_queries_batches": lambda: grouped_queries(3, 9, 1, lengths=[10, 4, 7]),
    "qlinear_elementwise": qlinear_elementwise,
    "integer_products": integer_products,
}
