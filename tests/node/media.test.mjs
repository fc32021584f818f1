// Pictures and sound in, labels out: compile --preprocess and --labels, and the model.js of such bundles.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import sharp from "sharp";

import { compiler } from "../../bench/compile.mjs";
import { buildRuntime, ROOT } from "../support/runtime.mjs";

const weft = compiler();
const folder = mkdtempSync(path.join(os.tmpdir(), "weft-media-"));
after(() => rmSync(folder, { recursive: true, force: true }));
before(buildRuntime);

const MODEL = path.join(ROOT, "build/models/squeezenet/model.onnx");
const MEAN = [0.485, 0.456, 0.406], STD = [0.229, 0.224, 0.225];
const NORMALISED = `mean=${MEAN.join("/")},std=${STD.join("/")}`;
const LABELS = Array.from({ length: 1000 }, (_, i) => `label ${i}${i === 7 ? ' "é"' : ""}`);

const run = (...args) => spawnSync(weft, args, { encoding: "utf8" });
async function bundle(name, ...flags) {
  const out = path.join(folder, name);
  const { status, stderr } = run("compile", MODEL, "-o", out, "--variants", "scalar,simd128", ...flags);
  assert.equal(status, 0, stderr);
  return import(pathToFileURL(path.join(out, "model.js")));
}
/** A smooth picture with an edge in it. */
function picture(width, height) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; ++y)
    for (let x = 0; x < width; ++x)
      data.set([255 * x / width, 255 * y / height, x > width / 2 ? 200 : 40, 255], (y * width + x) * 4);
  return { data, width, height };
}
class Refused extends Error {
  constructor(code, message) {
    super(message);
  }
}
const close = (got, expected, tolerance) => {
  assert.equal(got.length, expected.length);
  got.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) <= tolerance, `${i}: ${value}, not ${expected[i]}`));
};
/** What the model gets of a picture, seen by a model that is a copy of its input: none, so the bytes that media makes. */
let pixels;
before(async () => {
  const text = readFileSync(path.join(ROOT, "build/runtime/weft.media.inline.js"), "utf8");
  const { media } = await import("data:text/javascript," + encodeURIComponent(text + "export { media };"));
  pixels = async (source, fitting, width, height) => {
    let seen;
    const info = { inputs: [{ name: "image", dtype: "u8", shape: [1, height, width, 4], picture: { fit: "fill", pad: [0, 0, 0], ...fitting } }] };
    await media.accept({ info, run: async (inputs) => (seen = inputs.image) }, Refused).run({ image: source });
    return seen;
  };
});

test("a picture of the input's size: as if it had been normalised by hand", async () => {
  const { load } = await bundle("plain", "--preprocess", `image:rgb,${NORMALISED}`);
  const plain = await (await bundle("tensor")).load({ variant: "simd128" });
  const model = await load({ variant: "simd128" });
  const [port] = model.info.inputs;
  assert.deepEqual(port, { name: "image", dtype: "u8", shape: [1, 224, 224, 4], picture: { fit: "fill", pad: [0, 0, 0] } });
  const image = picture(224, 224);
  const x = new Float32Array(3 * 224 * 224);
  for (let c = 0; c < 3; ++c) for (let p = 0; p < 224 * 224; ++p) x[c * 224 * 224 + p] = (image.data[p * 4 + c] / 255 - MEAN[c]) / STD[c];
  const [expected] = Object.values(await plain.run({ [plain.info.inputs[0].name]: x }));
  const [got] = Object.values(await model.run({ image }));
  close(got, expected, 1e-5 * Math.max(...expected));
  for (const bytes of [new Uint8Array(image.data.buffer), { data: new Uint8Array(image.data.buffer) }, { data: new Uint8Array(image.data.buffer), shape: [1, 224, 224, 4] }])
    assert.deepEqual(Object.values(await model.run({ image: bytes }))[0], got);
  model.input("image").set(image.data);
  assert.deepEqual(Object.values(await model.run({ image: model.input("image") }))[0], got);
});

test("bytes stay bytes where nothing is resized; one colour stays one colour", async () => {
  const image = picture(31, 17);
  const got = await pixels(image, {}, 31, 17);
  assert.deepEqual(Array.from(got), Array.from(image.data));
  const one = { data: new Uint8ClampedArray(50 * 40 * 4).fill(77), width: 50, height: 40 };
  for (const [w, h] of [[7, 9], [224, 224], [50, 13]])
    for (const fit of ["fill", "cover"]) assert.ok((await pixels(one, { fit }, w, h)).every((v, i) => v === (i % 4 === 3 ? 255 : 77)));
});

for (const [w, h, width, height] of [[300, 200, 64, 48], [64, 48, 150, 97], [400, 90, 71, 32]])
  test(`fill: ${w} x ${h} to ${width} x ${height} as libvips does with its linear kernel`, async () => {
    const image = picture(w, h);
    const raw = { width: w, height: h, channels: 4 };
    const expected = await sharp(Buffer.from(image.data.buffer), { raw }).resize(width, height, { fit: "fill", kernel: "linear", fastShrinkOnLoad: false }).raw().toBuffer();
    const got = await pixels(image, {}, width, height);
    const off = got.map((v, i) => Math.abs(v - expected[i]));
    assert.ok(off.reduce((a, b) => a + b) / off.length < 1, `mean difference ${off.reduce((a, b) => a + b) / off.length}`);
  });

test("a ramp, made smaller by any factor, is a ramp", async () => {
  for (const width of [3, 32, 333]) {
    const got = await pixels(picture(1000, 9), {}, width, 5);
    // Without the ends, where the filter has only one half.
    for (let x = 1; x < width - 1; ++x) assert.ok(Math.abs(got[(2 * width + x) * 4] - (255 * ((x + 0.5) * (1000 / width) - 0.5)) / 1000) <= 1, `${x} of ${width}`);
  }
});

test("cover cuts out the middle, contain pads, a side is what the shorter one becomes", async () => {
  const image = picture(60, 20);
  const cut = await pixels(image, { fit: "cover" }, 20, 20);
  for (const [x, y] of [[0, 0], [19, 19], [7, 3]]) assert.deepEqual(Array.from(cut.slice((y * 20 + x) * 4, (y * 20 + x) * 4 + 4)), Array.from(image.data.slice((y * 60 + x + 20) * 4, (y * 60 + x + 20) * 4 + 4)));
  const padded = await pixels(image, { fit: "contain", pad: [1, 2, 3] }, 60, 60);
  assert.deepEqual(Array.from(padded.slice(0, 4)), [1, 2, 3, 255]);
  assert.deepEqual(Array.from(padded.slice(-4)), [1, 2, 3, 255]);
  assert.deepEqual(Array.from(padded.slice(20 * 60 * 4, 40 * 60 * 4)), Array.from(image.data));
  const side = await pixels(picture(40, 40), { fit: "cover", side: 40 }, 20, 20);
  assert.deepEqual(Array.from(side.slice(0, 4)), Array.from(picture(40, 40).data.slice((10 * 40 + 10) * 4, (10 * 40 + 10) * 4 + 4)));
});

test("what is no picture is refused", async () => {
  const { load, InputError } = await bundle("refused", "--preprocess", "image");
  const model = await load({ variant: "simd128" });
  const fails = (image, code, pattern) => assert.rejects(model.run({ image }), (error) => (assert.ok(error instanceof InputError, error.stack), assert.equal(error.code, code), assert.match(error.message, pattern), true));
  await fails({ width: 3, height: 3 }, "value", /"image": there are no pixels: give an ImageBitmap/);
  await fails({ width: 3, height: 3, data: new Uint8Array(5) }, "value", /no pixels/);
  await fails(new Float32Array(224 * 224 * 4), "dtype", /expected Uint8Array/);
  await fails(new Uint8Array(4), "shape", /image/);
  await fails(undefined, "missing_input", /image/);
  await assert.rejects(model.run({}), (error) => error.code === "missing_input");
  await assert.rejects(model.run(null), (error) => error.code === "inputs");
});

test("labels, and the largest scores with theirs", async () => {
  const file = path.join(folder, "labels");
  for (const [name, text] of [["lines", LABELS.join("\n") + "\n"], ["dos", LABELS.join("\r\n")], ["json", JSON.stringify(LABELS)]]) {
    writeFileSync(file, text);
    const { load, labels, top, describe } = await bundle("labels-" + name, "--labels", file, "--preprocess", `image:${NORMALISED}`);
    assert.deepEqual(labels, LABELS);
    assert.deepEqual((await describe()).outputs[0].labels, LABELS);
    const model = await load({ variant: "simd128" });
    const [scores] = Object.values(await model.run({ image: picture(300, 260) }));
    const best = top(scores);
    assert.equal(best.length, 5);
    assert.equal(best[0].score, Math.max(...scores));
    best.forEach(({ label, score, index }) => assert.deepEqual([label, score], [LABELS[index], scores[index]]));
    assert.equal(top(scores, 1).length, 1);
  }
  // Modules do without.
  assert.ok(!readFileSync(path.join(folder, "labels-json/model.wasm")).includes("label 999"));
  assert.match(readFileSync(path.join(folder, "labels-json/model.d.ts"), "utf8"), /PictureSource;[^]*export declare function top/);
  writeFileSync(file, "a\nb\n");
  const { status, stderr } = run("compile", MODEL, "-o", path.join(folder, "no"), "--labels", file);
  assert.equal(status, 5);
  assert.match(stderr, /there are 2 labels, and no output has as many along its last axis of more than one element; there are softmaxout_1 f32\[1, 1000, 1, 1\]/);
});

test("sound: one channel, the input's rate, its length", async () => {
  const text = readFileSync(path.join(ROOT, "build/runtime/weft.media.inline.js"), "utf8");
  const { media } = await import("data:text/javascript," + encodeURIComponent(text + "export { media };"));
  const samples = async (source, rate, count) => {
    let seen;
    await media.accept({ info: { inputs: [{ name: "x", dtype: "f32", shape: [1, count], sample_rate: rate }] }, run: async ({ x }) => (seen = x) }, Refused).run({ x: source });
    return seen;
  };
  const tone = (rate, seconds, hertz) => Float32Array.from({ length: rate * seconds }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));
  const middle = (a) => a.slice(200, 1400);
  for (const rate of [48000, 44100, 8000]) {
    const got = await samples({ data: tone(rate, 0.2, 440), sampleRate: rate }, 16000, 1600);
    close(middle(got), middle(tone(16000, 0.1, 440)), 2e-3);
  }
  // What the lower rate cannot hold is gone.
  assert.ok(Math.max(...middle(await samples({ data: tone(48000, 0.2, 15000), sampleRate: 48000 }, 16000, 1600)).map(Math.abs)) < 1e-2);
  const same = tone(16000, 0.01, 440);
  assert.deepEqual(Array.from(await samples({ data: same, sampleRate: 16000 }, 16000, 200)), [...same, ...Array(40).fill(0)]);
  const stereo = { sampleRate: 16000, numberOfChannels: 2, length: 3, getChannelData: (c) => Float32Array.of(c, c, 1) };
  assert.deepEqual(Array.from(await samples(stereo, 16000, 3)), [0.5, 0.5, 1]);
  const raw = new Float32Array(5);
  assert.equal(await samples(raw, 16000, 5), raw);
  await assert.rejects(samples({ data: raw, sampleRate: 0 }, 16000, 5), /no rate/);
});

test("what --preprocess refuses", () => {
  for (const [spec, pattern] of [
    ["foo", /"foo" is not of the form \[INPUT=\]image:rgb/], ["x=image", /no input is called x; there are data_0/], ["image:mean=1\/2", /mean=1\/2 has 2 numbers for 3 channels/],
    ["image:grey", /f32\[1, 3, 224, 224\] is no picture of 1 channel/], ["image:resize=tile", /resize is fill, cover, cover:SIDE or contain, not tile/],
    ["image:resize=fill:3", /only cover has a side/], ["image:std=0", /divides by 0/], ["image:pad=256", /no colour/], ["image:scale=1\/0", /divides by 0/],
    ["image:sepia", /"sepia" is none of rgb, bgr, grey/], ["sound:rate=0", /no rate/], ["sound:16000", /not of the form sound:rate=16000/],
    ["sound:rate=16000", /sound is for an input f32\[samples\] or f32\[1, samples\], not data_0 f32\[1, 3, 224, 224\]/],
  ]) {
    const { status, stderr } = run("compile", MODEL, "-o", path.join(folder, "no"), "--preprocess", spec);
    assert.equal(status, 5, spec);
    assert.match(stderr, pattern);
  }
  const { status, stderr } = run("compile", MODEL, "-o", path.join(folder, "no"), "--preprocess", "image", "--preprocess", "image");
  assert.equal(status, 5);
  assert.match(stderr, /not two/);
});

test("verify takes the same pictures", () => {
  const { status, stdout, stderr } = run("verify", MODEL, "--preprocess", `data_0=image:bgr,${NORMALISED}`, "--variants", "simd128");
  assert.equal(status, 0, stderr);
  assert.match(stdout, /simd128 .*passed/);
});
