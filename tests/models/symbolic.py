"""symbolic.py NAME OUTDIR: one model of symbolic.json, whose extents are open, with seeded samples of its inputs at several extents.

A model is made by a module here (`python`: its make() gives the model; `torch`: a program for PyTorch's Python, see tools/setup), or comes from
an npm package. `inputs` names its inputs, `NAME.*` all that begin so; `constants` are inputs that weft takes as --constant.

OUTDIR/model.onnx    the model
OUTDIR/cases.json    [{"dims": {name: extent}, "inputs": [{"name", "dtype", "shape", "file"}]}], files relative to OUTDIR; with the constants
OUTDIR/inputs.json   the inputs of the first case, without the constants
"""
import importlib
import json
import pathlib
import shutil
import subprocess
import sys
import zlib

import numpy as np
import onnx

from make import PACKAGES, picture

HERE = pathlib.Path(__file__).resolve().parent
TORCH = HERE.parent.parent / ".venv-torch/bin/python"


def generator(seed: int):
    return np.random.Generator(np.random.PCG64(seed))


def tokens(seed: int, shape) -> np.ndarray:
    """Word pieces of BERT's vocabulary between [CLS] and [SEP]."""
    ids = generator(seed).integers(1000, 30000, shape)
    ids[:, 0], ids[:, -1] = 101, 102
    return ids.astype("<i8")


def mask(seed: int, shape) -> np.ndarray:
    """Ones, and zeros at the end of each row but the first; each keeps one at least."""
    rows, length = shape
    kept = [length, *generator(seed).integers(1, length + 1, rows - 1)]
    return (np.arange(length) < np.array(kept)[:, None]).astype("<i8")


SAMPLES = {
    "picture": picture, "tokens": tokens, "mask": mask,
    "letters": lambda seed, shape: generator(seed).integers(0, 128, shape).astype("<i8"),
    "normal": lambda seed, shape: generator(seed).standard_normal(shape).astype("<f4"),
    "zeros": None,  # of the type that the model says
}
DTYPES = {onnx.TensorProto.FLOAT: ("f32", "<f4"), onnx.TensorProto.INT64: ("i64", "<i8")}


def make(entry, target: pathlib.Path):
    if "npm" in entry:
        shutil.copyfile(PACKAGES / entry["npm"], target)
    elif "torch" in entry:
        subprocess.run([TORCH, "-B", HERE / f"{entry['torch']}.py", target], check=True)
    else:
        onnx.save(importlib.import_module(entry["python"]).make(), target)


def described(entry, name: str):
    """What symbolic.json says of an input."""
    return entry["inputs"].get(name) or next(spec for key, spec in entry["inputs"].items() if key.endswith("*") and name.startswith(key[:-1]))


def sample(value, spec, dims, seed: int) -> np.ndarray:
    shape = [dims.get(extent, extent) for extent in spec["shape"]]
    kind = DTYPES[value.type.tensor_type.elem_type][1]
    values = np.zeros(shape) if spec["sample"] == "zeros" else SAMPLES[spec["sample"]](seed, shape)
    return np.ascontiguousarray(values, dtype=kind)


def main():
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    entry = json.loads((HERE / "symbolic.json").read_text())[name]
    folder.mkdir(parents=True, exist_ok=True)
    make(entry, folder / "model.onnx")
    values = onnx.load(folder / "model.onnx", load_external_data=False).graph.input
    cases = []
    for number, dims in enumerate(entry["cases"]):
        inputs = []
        for value in values:
            constant = entry.get("constants", {}).get(value.name)
            dtype, kind = DTYPES[value.type.tensor_type.elem_type]
            seed = zlib.crc32(f"{name} {value.name} {number}".encode())
            array = np.array(constant, dtype=kind) if constant is not None else sample(value, described(entry, value.name), dims, seed)
            file = f"case{number}.{value.name}.bin"
            array.tofile(folder / file)
            inputs.append({"name": value.name, "dtype": dtype, "shape": list(array.shape), "file": file})
        cases.append({"dims": dims, "inputs": inputs})
    first = [given for given in cases[0]["inputs"] if given["name"] not in entry.get("constants", {})]
    (folder / "inputs.json").write_text(json.dumps(first, indent=1) + "\n")
    (folder / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
