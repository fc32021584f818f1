"""node_cases.py OUTDIR: ONNX's own tests of single operators, as files that a C++ test reads without protobuf.

OUTDIR/index.json   [{"name", "model", "bound"?, "rtol", "atol", "inputs": [T], "outputs": [T], "symbolic"?: {name: extent},
                    "sequences"?: {name: length}, "shapes"?: {name: shape}, "absent"?: [name], "most": extent}],
                    T = {name, dtype, shape, file}; the tensors of a sequence are "name.0", "name.1", …, with their
                    "shapes"; "absent": optional inputs that hold nothing; "most": twice the outputs' greatest extent
OUTDIR/*.onnx       the models; "bound" is the same with all inputs but the first as initializers, or beside sequences all
                    single integers, for operands that weft needs to know at compile time
OUTDIR/*.dims.onnx  the same with every input extent above 1 a symbolic dimension, one for each number: "dims" {name: extent}
OUTDIR/left_out.json  [{"name", "reason"}]: the cases whose values these files cannot hold
OUTDIR/operators.json  the package's version, and all operators that it defines
OUTDIR/*.bin        values, little-endian, row-major; of strings, a list in JSON

The cases are generated from the onnx package (newest operator sets) and read from the files that it ships for old ones.
"""
import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

DTYPES = {
    "float64": "f64", "float32": "f32", "float16": "f16", "int64": "i64", "int32": "i32", "int16": "i16", "int8": "i8",
    "uint64": "u64", "uint32": "u32", "uint16": "u16", "uint8": "u8", "bool": "boolean",
}
# How weft holds types that numpy has not: the bits of floats, the numbers of integers.
HELD = {
    "bfloat16": ("bf16", lambda a: a.view(np.uint16)),
    **{name: ("u8", lambda a: a.view(np.uint8)) for name in (
        "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn")},
    **{name: ("i8", lambda a: a.astype(np.int8)) for name in ("int4", "int2")},
    **{name: ("u8", lambda a: a.astype(np.uint8)) for name in ("uint4", "uint2")},
}
SHIPPED = pathlib.Path(onnx.__file__).parent / "backend/test/data"


def shipped_cases():
    for folder in sorted(SHIPPED.glob("pytorch-*/*")) + sorted(SHIPPED.glob("simple/*")):
        model = onnx.load(folder / "model.onnx")
        data = folder / "test_data_set_0"
        read = lambda kind: [
            numpy_helper.to_array(onnx.load_tensor(data / f"{kind}_{i}.pb")) for i in range(len(list(data.glob(f"{kind}_*.pb"))))]
        try:
            yield folder.name, model, read("input"), read("output"), 1e-3, 1e-5
        except Exception:  # sequences and the like
            yield folder.name, model, [None], [], 0, 0


def generated_cases():
    for case in collect_testcases(None):
        inputs, outputs = case.data_sets[0]
        yield case.name, case.model, inputs, outputs, case.rtol, case.atol


def is_structured(value):
    """A sequence, or an optional that holds nothing."""
    return value is None or isinstance(value, list)


def bound(model, arrays, structured):
    """Operands become initializers: all inputs but the first, or beside sequences all single integers; None when there are none."""
    given = {i.name for i in model.graph.initializer}
    inputs = list(zip([i for i in model.graph.input if i.name not in given], arrays))
    if structured and (len(inputs) == 1 or any(is_structured(a) for a in arrays)):
        chosen = [(i, a) for i, a in inputs if not is_structured(a) and np.asarray(a).size == 1 and np.asarray(a).dtype.kind in "iub"]
    else:
        chosen = inputs[1:]
    if not chosen:
        return None
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for value, array in chosen:
        copy.graph.initializer.append(numpy_helper.from_array(np.asarray(array), value.name))
    return copy


def symbolic_extents(model, names, arrays):
    """The extents that the case gives to the dimensions with names."""
    shapes = {name: np.asarray(array).shape for name, array in zip(names, arrays) if not is_structured(array)}
    return {
        dim.dim_param: int(shapes[i.name][axis])
        for i in model.graph.input if i.name in shapes
        for axis, dim in enumerate(i.type.tensor_type.shape.dim) if dim.dim_param}


def with_dims(model, arrays):
    """Every extent of an input above 1 becomes a dimension "d<extent>", so that equal extents stay equal; and those dimensions."""
    copy, dims = onnx.ModelProto(), {}
    copy.CopyFrom(model)
    given = {i.name for i in model.graph.initializer}
    for value, array in zip([i for i in copy.graph.input if i.name not in given], arrays):
        if is_structured(array):
            continue
        tensor = value.type.tensor_type
        del tensor.shape.dim[:]
        for extent in np.asarray(array).shape:
            dim = tensor.shape.dim.add()
            if extent > 1:
                dim.dim_param = f"d{extent}"
                dims[f"d{extent}"] = int(extent)
            else:
                dim.dim_value = extent
    return copy, dims


def operators_of(model):
    """"domain.Operator" of the nodes, in the order in which they first occur; graphs in nodes included."""
    found = {}
    def visit(graph):
        for node in graph.node:
            found.setdefault(f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type)
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    visit(attribute.g)
    visit(model.graph)
    return list(found)


def all_operators():
    """[{"operator", "since": [versions], "deprecated"}] of every operator that the package defines."""
    rows = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        name = f"{schema.domain}.{schema.name}" if schema.domain else schema.name
        row = rows.setdefault(name, {"operator": name, "since": [], "deprecated": False})
        row["since"].append(schema.since_version)
        row["deprecated"] = row["deprecated"] or schema.deprecated
    for row in rows.values():
        row["since"].sort()
    return [rows[name] for name in sorted(rows)]


def flattened(names, values):
    """Sequences as their tensors, and nothing where an optional holds nothing."""
    pairs = []
    for name, value in zip(names, values):
        if isinstance(value, list):
            pairs += [(f"{name}.{i}", tensor) for i, tensor in enumerate(value)]
        elif value is not None:
            pairs.append((name, value))
    return [name for name, _ in pairs], [value for _, value in pairs]


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    index, left_out = [], []

    def store(stem, names, arrays):
        entries = []
        for i, (name, array) in enumerate(zip(names, arrays)):
            array = np.asarray(array)
            if array.dtype.kind in "OSU":
                file = f"{stem}{i}.bin"
                texts = [text.decode() if isinstance(text, bytes) else str(text) for text in array.ravel()]
                (out / file).write_text(json.dumps(texts))
                entries.append({"name": name, "dtype": "string", "shape": list(array.shape), "file": file})
                continue
            dtype = DTYPES.get(array.dtype.name)
            if array.dtype.name in HELD:
                dtype, held = HELD[array.dtype.name]
                array = held(np.ascontiguousarray(array).reshape(array.shape))
            if dtype is None:
                return None
            file = f"{stem}{i}.bin"
            array.astype(array.dtype.newbyteorder("<")).tofile(out / file)
            entries.append({"name": name, "dtype": dtype, "shape": list(array.shape), "file": file})
        return entries

    for source in (generated_cases(), shipped_cases()):
        for name, model, inputs, outputs, rtol, atol in source:
            inputs, outputs = ([numpy_helper.to_array(a) if isinstance(a, onnx.TensorProto) else a for a in side] for side in (inputs, outputs))
            structured = any(is_structured(a) for a in [*inputs, *outputs])
            elements = flattened([""] * (len(inputs) + len(outputs)), [*inputs, *outputs])[1]
            if any(not isinstance(a, (np.ndarray, np.generic)) for a in elements):
                left_out.append({"name": name, "operators": operators_of(model), "reason": "an input or output that is a sequence of sequences or a map"})
                continue
            given = {i.name for i in model.graph.initializer}
            names = [i.name for i in model.graph.input if i.name not in given]
            if any(np.asarray(a).dtype.name == "bfloat16" for a in elements):
                rtol = max(rtol, 2**-6)  # as onnx.backend.test.runner has it
            entry = {"name": name, "model": f"{name}.onnx", "rtol": rtol, "atol": atol, "operators": operators_of(model),
                     "opset": max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0),
                     "inputs": store(f"{name}.in", *flattened(names, inputs)),
                     "outputs": store(f"{name}.out", *flattened([o.name for o in model.graph.output], outputs))}
            if entry["inputs"] is None or entry["outputs"] is None:
                kinds = sorted({np.asarray(a).dtype.name for a in elements} - set(DTYPES) - set(HELD))
                kinds = ["strings" if kind == "object" else kind for kind in kinds]
                left_out.append({"name": name, "operators": operators_of(model), "reason": "values of type " + ", ".join(kinds)})
                continue
            onnx.save(model, out / entry["model"])
            entry["most"] = 2 * max([1, *(extent for tensor in entry["outputs"] for extent in tensor["shape"])])
            sequences = {n: a for n, a in zip(names, inputs) if isinstance(a, list)}
            if sequences:
                entry["sequences"] = {n: len(a) for n, a in sequences.items()}
                entry["shapes"] = {f"{n}.{i}": list(np.asarray(t).shape) for n, a in sequences.items() for i, t in enumerate(a)}
            absent = [n for n, a in zip(names, inputs) if a is None]
            if absent:
                entry["absent"] = absent
            symbolic = symbolic_extents(model, names, inputs)
            if symbolic:
                entry["symbolic"] = symbolic
            with_constants = bound(model, inputs, structured)
            if with_constants is not None:
                entry["bound"] = f"{name}.bound.onnx"
                onnx.save(with_constants, out / entry["bound"])
            for kind, source_model, arrays in (("model", model, inputs), ("bound", with_constants, inputs if structured else inputs[:1])):
                if source_model is not None:
                    symbolic_model, dims = with_dims(source_model, arrays)
                    if dims:
                        entry[f"{kind}_dims"] = dims
                        onnx.save(symbolic_model, out / f"{name}.{kind}.dims.onnx")
            index.append(entry)
    (out / "index.json").write_text(json.dumps(index))
    (out / "left_out.json").write_text(json.dumps(left_out))
    (out / "operators.json").write_text(json.dumps({"onnx": onnx.__version__, "operators": all_operators()}))
    print(f"{len(index)} cases, {len(left_out)} left out")


if __name__ == "__main__":
    main()
