#!/usr/bin/env python3
"""tests/fuzz/nn_wit_seeds.py FOLDER: writes the seeds of nn_wit_fuzz.cpp: guests that load, run and drop as they should, for every recipe that
it has, so that the fuzzer starts where damage is interesting."""
import pathlib
import re
import struct
import sys

SOURCE = pathlib.Path(__file__).with_name("nn_wit_fuzz.cpp").read_text()
RECIPES = re.findall(r'"([^"]*)"', SOURCE[SOURCE.index("kRecipes ="):SOURCE.index("kNames =")])
NAMES = re.findall(r'"([^"]*)"', SOURCE[SOURCE.index("kNames ="):SOURCE.index("class Guest")])
TYPES = {"f16": (0, 2), "f32": (1, 4), "f64": (2, 8), "bf16": (3, 2), "u8": (4, 1), "i32": (5, 4), "i64": (6, 8)}
LOAD, LOAD_BY_NAME, INIT, TENSOR, COMPUTE, DROP_GRAPH, DROP_CONTEXT, DROP_TENSOR = range(8)


def tensor(dims, dtype):
    number, size = TYPES[dtype]
    count = 1
    for extent in dims:
        count *= extent
    return bytes([TENSOR, len(dims), *dims, 0, number, count * size]) + bytes(range(count * size))


def compute(context, *inputs):
    """Pairs of a name and a tensor, by their numbers."""
    return bytes([COMPUTE, len(inputs)]) + b"".join(bytes([NAMES.index(name), index]) for name, index in inputs) + bytes([context])


def guest(recipe, encoding=1):
    kind, dtype, *dims = (RECIPES[recipe].split() + ["u8"])[:2] + RECIPES[recipe].split()[2:]
    extents = [int(re.split("[-/]", text)[-1 if "/" in text else 0]) for text in dims]
    two = kind in ("swap", "agree")
    names = ["in0", "in1"][:1 + two]
    calls = [bytes([LOAD, 1, recipe, encoding, 0]), bytes([INIT, 0])]
    for style in (names, ["0", "1"][:1 + two]):
        calls += [tensor(extents, dtype)] * len(names)
        calls += [compute(0, *[(name, index) for index, name in enumerate(style)])]
    calls += [bytes([DROP_GRAPH, 0]), compute(0, (names[0], 0)), bytes([DROP_TENSOR, 0]), bytes([DROP_CONTEXT, 0]), compute(0, (names[0], 0))]
    calls += [bytes([LOAD_BY_NAME, 1]) + b"m", bytes([INIT, 1]), bytes([LOAD_BY_NAME, 3]) + b"bad", bytes([LOAD, 1, 255, 4]) + struct.pack("<I", 0x6d736100) + bytes([6, 0])]
    return b"".join(calls)


def main():
    folder = pathlib.Path(sys.argv[1])
    for index, recipe in enumerate(RECIPES):
        (folder / f"seed-{recipe.replace(' ', '-').replace('/', '_')}").write_bytes(guest(index, encoding=6 if index % 3 == 0 else 1))


if __name__ == "__main__":
    main()
