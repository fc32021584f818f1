#!/usr/bin/env python3
"""tests/fuzz/nn_witx_seeds.py FOLDER: writes the seeds of nn_witx_fuzz.cpp: guests that load, run, read and unload as they should, for
every recipe of tests/support/nn_backend.hpp, so that the fuzzer starts where damage is interesting."""
import pathlib
import struct
import sys

FUNCTIONS = ["load", "load_by_name", "init_execution_context", "set_input", "get_output", "compute", "load_by_name_with_config",
             "compute_single", "get_output_single", "fini_single", "finalize_execution_context", "unload"]
SIZES = {"f16": (0, 2), "f32": (1, 4), "f64": (2, 8), "u8": (3, 1), "i32": (4, 4), "i64": (5, 8), "boolean": (3, 1)}


def word(value):
    """An argument: this word."""
    return b"\x03" + struct.pack("<I", value)


def at(address):
    """An argument: the handle that lies there."""
    return b"\x02" + struct.pack("<H", address)


def call(name, *arguments):
    return bytes([FUNCTIONS.index(name)]) + b"".join(arguments)


def write(address, content):
    return bytes([13]) + struct.pack("<HB", address, len(content)) + content


def resize(size):
    return bytes([12]) + struct.pack("<H", size)


def guest(recipe, dims, inputs, encoding=1, legacy=None):
    """Memory: handles from 0, a builder at 16, a tensor at 32, dims at 64, a name and a configuration at 96, the model at 128, data at 256."""
    code, size = SIZES[recipe.split()[1]]
    count = 1
    for extent in dims:
        count *= extent
    model = b"\x08\x08\x3a" + bytes([len(recipe)]) + recipe.encode()
    memory = bytearray(1024)
    memory[16:24] = struct.pack("<II", 128, len(model))
    memory[32:52] = struct.pack("<IIB3sII", 64, len(dims), code if legacy is None else legacy, b"\x03\x10\x00", 256, count * size)
    memory[64:64 + 4 * len(dims)] = struct.pack(f"<{len(dims)}I", *dims)
    memory[96:97] = b"m"
    memory[100:112] = b'{"a": [1]}  '
    memory[128:128 + len(model)] = model
    memory[256:256 + count * size] = bytes(range(count * size))
    calls = [call("load", word(16), word(1), word(encoding), word(0), word(0)), call("init_execution_context", at(0), word(4))]
    calls += [call("set_input", at(4), word(index), word(32)) for index in range(inputs)]
    calls += [call("compute", at(4))]
    calls += [call("get_output", at(4), word(index), word(512), word(256), word(8)) for index in range(inputs)]
    calls += [call("get_output", at(4), word(0), word(512), word(1), word(8)), resize(2048), call("compute", at(4))]
    calls += [call("unload", at(0)), call("compute", at(4)), call("get_output", at(4), word(0), word(512), word(256), word(8))]
    calls += [call("finalize_execution_context", at(4)), call("load_by_name", word(96), word(1), word(0))]
    calls += [call("load_by_name_with_config", word(96), word(1), word(100), word(12), word(0))]
    calls += [write(96, b"bad"), call("load_by_name", word(96), word(3), word(0)), call("init_execution_context", at(0), word(4))]
    calls += [call(name, at(4)) for name in ("compute_single", "fini_single")]
    calls += [call("get_output_single", at(4), word(0), word(512), word(64), word(8))]
    calls += [write(96, b"t"), write(100, b'{"end": [3], "n-predict": 2, "temp": 0.7, "top-k": 3}')]
    calls += [call("load_by_name_with_config", word(96), word(1), word(100), word(53), word(0)), call("init_execution_context", at(0), word(4))]
    calls += [write(64, struct.pack("<II", 1, 6)), write(32, struct.pack("<IIBxxxII", 64, 2, 4, 256, 24)), call("set_input", at(4), word(0), word(32))]
    calls += [call("compute_single", at(4)), call("get_output_single", at(4), word(0), word(512), word(64), word(8))] * 3 + [call("fini_single", at(4))]
    return struct.pack("<H", len(memory)) + bytes(memory) + b"".join(calls)


def main():
    folder = pathlib.Path(sys.argv[1])
    guests = {f"identity-{dtype}": guest(f"identity {dtype} 2 3", [2, 3], 1) for dtype in SIZES}
    guests |= {
        "swap": guest("swap u8 1-8", [5], 2), "bytes": guest("bytes f32 2-8/2 1", [4, 1], 1, encoding=5),
        "trap": guest("trap u8 2", [2], 1), "agree": guest("agree f32 1-4", [3], 2, encoding=6), "silent": guest("silent u8 1", [1], 1),
        "greedy": guest("greedy u8 1", [1], 1), "nothing": guest("nothing u8 1", [1], 1), "scalar": guest("identity f64", [], 1),
        "count": guest("count i64 1 1-4", [1, 3], 1), "again": guest("again i32 1 1-4", [1, 2], 1),
        "grow": guest("grow u8 1-99", [90], 1), "legacy-u8": guest("identity u8 4", [4], 1, legacy=2), "legacy-i32": guest("identity i32 4", [4], 1, legacy=3),
    }
    for name, content in guests.items():
        (folder / f"seed-{name}").write_bytes(content)


if __name__ == "__main__":
    main()
