// What data decides: indices and extents are checked at run time, positions choose, chance follows its seed (tests/frontends/checked_models.py).
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import { compiler } from "../../bench/compile.mjs";
import { VARIANTS } from "../support/models.mjs";
import { buildRuntime, ROOT, RUNTIME } from "../support/runtime.mjs";

const FOLDER = path.join(ROOT, `build/checks-node${process.versions.node.split(".")[0]}`); // the two engines' tests may run at once
buildRuntime();
const { load, supportedVariants, RuntimeError } = await import(pathToFileURL(path.join(RUNTIME, "weft.js")).href);
execFileSync(path.join(ROOT, ".venv/bin/python"), [path.join(ROOT, "tests/frontends/checked_models.py"), FOLDER]);
after(() => rmSync(FOLDER, { recursive: true, force: true }));

const compile = (name, ...options) =>
  spawnSync(compiler(), ["compile", path.join(FOLDER, `${name}.onnx`), "-o", path.join(FOLDER, name), "--variants", VARIANTS.join(","), ...options], { encoding: "utf8" });

/** Runs `body` on every variant of a model. */
async function each(name, options, body) {
  const made = compile(name, ...options);
  assert.equal(made.status, 0, made.stderr);
  for (const variant of VARIANTS.filter((v) => supportedVariants().includes(v))) {
    const loaded = await load(pathToFileURL(path.join(FOLDER, name) + path.sep), { variant });
    await body(loaded, variant);
    loaded.dispose();
  }
}
const i64 = (...values) => BigInt64Array.from(values, BigInt);
const isOutOfRange = (node, message, value) => (error) => {
  assert.ok(error instanceof RuntimeError, String(error));
  assert.equal(error.code, "out_of_range");
  assert.equal(error.node, node);
  assert.equal(error.value, value);
  assert.match(error.message, message);
  return true;
};

for (const [dims, range] of [["seq=3", "constant"], ["seq=1..8", "symbolic"]]) {
  test(`an id that is not in the vocabulary is refused by name, value and range (${range} extents)`, async () => {
    await each("embedding", ["--dim", dims], async (loaded) => {
      const run = (...ids) => loaded.run({ ids: { data: i64(...ids), shape: [2, 3] } });
      const good = async () => assert.deepEqual([...(await run(0, 1, 2, -1, -10, 9)).y.slice(0, 8)], [0, -1, -2, -3, -4, -5, -6, -7].map((v) => v || 0));
      await good();
      for (const bad of [10n, -11n, 2n ** 32n, -(2n ** 63n), 2n ** 63n - 1n]) {
        await assert.rejects(run(0, 1, bad, 2, 3, 4), isOutOfRange("words", new RegExp(`node words: expected ids = -10\\.\\.9, got ${bad}`), bad));
        await good();
      }
    });
  });
}

test("indices of 32 bits are checked, indices that are in range by construction are not", async () => {
  await each("narrow", [], async (loaded) => {
    const x = Float32Array.of(1, 5, 2, 9, 8, 7);
    const { top, picked } = await loaded.run({ x, at: Int32Array.of(0, -1, 2, 1) });
    assert.deepEqual([...top, ...picked], [5, 9, 1, 2, 7, 8]);
    for (const bad of [3, -4, 2 ** 31 - 1, -(2 ** 31)])
      await assert.rejects(loaded.run({ x, at: Int32Array.of(0, 1, bad, 2) }), isOutOfRange("pick", /expected at = -3\.\.2, got -?\d+/, BigInt(bad)));
  });
  const dump = spawnSync(compiler(), ["compile", path.join(FOLDER, "narrow.onnx"), "-o", path.join(FOLDER, "x"), "--variants", "simd128", "--dump", "import"], { encoding: "utf8" });
  assert.equal(dump.stdout.match(/^ {2}check /gm)?.length, 1, dump.stdout);
});

test("a category that is not listed is refused where the model says so", async () => {
  await each("encoded", [], async (loaded) => {
    assert.deepEqual([...(await loaded.run({ x: i64(9, 3, 5, 3) })).y], [0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0]);
    await assert.rejects(loaded.run({ x: i64(9, 4, 5, 3) }), isOutOfRange("encode", /1 where each category of x is listed = 1\.\.1, got 0/, 0n));
  });
});

test("an extent that data decides has a bound", async () => {
  const refused = compile("counted");
  assert.equal(refused.status, 4);
  assert.match(refused.stderr, /node "steps": Range .*the number of elements is computed from the model's inputs: say how large it may be with --bound steps=N/);
  assert.match(compile("counted", "--bound", "step=3").stderr, /--bound/);
  for (const bound of ["steps=16", "16"]) {
    await each("counted", ["--bound", bound], async (loaded) => {
      const run = (from, to, by) => loaded.run({ from: i64(from), to: i64(to), by: i64(by) });
      for (const [from, to, by] of [[0, 16, 1], [5, 0, -2], [3, 4, 10], [4, 4, 1], [9, 4, 1], [-6, 6, 5]]) {
        const expected = [];
        for (let i = from; by > 0 ? i < to : i > to; i += by) expected.push(BigInt(i * i));
        const { y } = await run(from, to, by);
        assert.deepEqual([...y], expected);
        assert.deepEqual(y.shape, [expected.length]);
      }
      await assert.rejects(run(0, 17, 1), isOutOfRange("steps", /expected the number of elements = 0\.\.16, got 17/, 17n));
      await assert.rejects(run(0, 1, 0), { code: "out_of_range" });
      assert.deepEqual([...(await run(0, 3, 1)).y], [0n, 1n, 4n]);
    });
  }
});

test("a loop that data ends: its trip count and its condition, what it collects", async () => {
  assert.match(compile("loop").stderr, /the number of iterations is computed from the model's inputs: say how large it may be with --bound last=N/);
  await each("loop", ["--bound", "last=9"], async (loaded) => {
    for (const [trips, start] of [[3, 1], [0, 1], [9, 1], [20, 1], [5, 60], [2, 0.5]]) {
      const all = [];
      let x = [start, -1];
      for (let i = 0; i < trips; ++i) {
        all.push(...x);
        x = x.map((v) => 2 * v);
        if (x[0] >= 100) break;
      }
      const result = await loaded.run({ trips: i64(trips), x: Float32Array.of(start, -1) });
      assert.deepEqual([...result.last], x);
      assert.deepEqual([...result.all], all);
      assert.deepEqual(result.all.shape, [all.length / 2, 2]);
    }
    await assert.rejects(loaded.run({ trips: i64(20), x: Float32Array.of(0.1, 0) }), isOutOfRange("doubling", /expected the number of iterations = 0\.\.9, got 10/, 10n));
  });
});

test("sequences are ports; a position that data decides chooses among them", async () => {
  const missing = compile("choice", "--dim", "n=2");
  assert.equal(missing.status, 5, missing.stderr);
  assert.match(missing.stderr, /give it with --sequence xs=N/);
  assert.match(compile("choice", "--sequence", "xs=3", "--shape", "xs.1=4", "--dim", "n=2").stderr, /the elements of the sequence differ in shape/);
  await each("choice", ["--sequence", "xs=3", "--dim", "n=2"], async (loaded) => {
    assert.deepEqual(loaded.info.inputs.map(({ name }) => name), ["xs.0", "xs.1", "xs.2", "at", "extra"]);
    const xs = [[1, 2], [3, 4], [5, 6]], extra = [7, 8];
    const run = (at) => loaded.run({ ...Object.fromEntries(xs.map((x, i) => [`xs.${i}`, Float32Array.from(x)])), at: i64(at), extra: Float32Array.from(extra) });
    for (const at of [0, 1, 2]) {
      const { one, all } = await run(at);
      assert.deepEqual([...one], xs[at]);
      assert.deepEqual([...all], xs.map((x, i) => (i === at ? extra : x)).flat());
    }
    const last = await run(-2);
    assert.deepEqual([...last.one], xs[1]);
    assert.deepEqual([...last.all], [extra, xs[0], xs[2]].flat());
    await assert.rejects(run(3), isOutOfRange("take", /expected the position in the sequence = -3\.\.2, got 3/, 3n));
  });
});

test("optional inputs hold something, or are left out", async () => {
  const [x, fallback] = [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)];
  await each("maybe", [], async (loaded) => assert.deepEqual((await loaded.run({ x, fallback })).y, x));
  await each("maybe", ["--absent", "x"], async (loaded) => assert.deepEqual((await loaded.run({ fallback })).y, fallback));
  assert.match(compile("maybe", "--absent", "fallback").stderr, /no optional input/);
});

const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;
/** The largest distance of the cumulated frequencies from a distribution (Kolmogorov and Smirnov), by what a sample of this size stays below in 999 of 1000 cases. */
function distance(values, cumulated) {
  const sorted = Float64Array.from(values).sort();
  let most = 0;
  sorted.forEach((v, i) => {
    const f = cumulated(v);
    most = Math.max(most, f - i / sorted.length, (i + 1) / sorted.length - f);
  });
  return most / (1.95 / Math.sqrt(sorted.length));
}
/** Of the normal distribution (Abramowitz and Stegun 7.1.26, within 1.5e-7). */
function normal(z) {
  const t = 1 / (1 + 0.3275911 * Math.abs(z) / Math.SQRT2);
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-z * z / 2);
  return z > 0 ? 1 - tail / 2 : tail / 2;
}

const feeds = () => ({ x: new Float32Array(50000).fill(0.3), scores: Float32Array.of(0, Math.log(2), 0, 1, 1, -30) });
function hasDistributions({ uniform, normal: gauss, like, double, coin, class: classes, dropped, mask }) {
  assert.ok(distance(uniform, (v) => (v + 1) / 4) < 1);
  assert.ok(distance(double, (v) => v) < 1);
  assert.ok(distance(gauss, (v) => normal((v - 2) / 0.5)) < 1);
  assert.ok(distance(like, (v) => normal((v + 1) / 2)) < 1);
  assert.ok(uniform.every((v) => v >= -1 && v < 3) && double.every((v) => v >= 0 && v < 1));
  assert.ok(Math.abs(mean(gauss) - 2) < 0.01 && Math.abs(mean(gauss.map((v) => (v - 2) ** 2)) - 0.25) < 0.01);
  // Neighbours have nothing to do with each other.
  assert.ok(Math.abs(mean(uniform.slice(1).map((v, i) => (v - 1) * (uniform[i] - 1)))) < 0.03);
  assert.ok(Math.abs(mean(coin) - 0.3) < 0.01 && coin.every((v) => v === 0 || v === 1));
  const share = (row, of) => mean(classes.slice(20000 * row, 20000 * (row + 1)).map((v) => Number(v === of)));
  for (const [row, of, wanted] of [[0, 0, 0.25], [0, 1, 0.5], [0, 2, 0.25], [1, 0, 0.5], [1, 1, 0.5], [1, 2, 0]])
    assert.ok(Math.abs(share(row, of) - wanted) < 0.02, `${row} ${of}`);
  assert.ok(Math.abs(mean(Float32Array.from(mask)) - 0.75) < 0.01);
  assert.ok(dropped.every((v, i) => (mask[i] ? Math.abs(v - 0.4) < 1e-6 : v === 0)));
}

test("random numbers with a seed: their distributions, and the same in every run and variant", async () => {
  let first;
  await each("seeded", [], async (loaded, variant) => {
    assert.deepEqual(loaded.info.inputs.map(({ name }) => name), ["x", "scores"]);
    const a = await loaded.run(feeds()), b = await loaded.run(feeds());
    assert.deepEqual(a, b);
    hasDistributions({ ...a, class: Float32Array.from(a.class) });
    first ??= a;
    // relaxed may round otherwise.
    if (variant !== "relaxed") assert.deepEqual(a, first);
  });
});

test("random numbers without a seed: an input seeds them", async () => {
  await each("unseeded", [], async (loaded) => {
    const run = async (seed) => loaded.run({ ...feeds(), "random.seed": Int32Array.of(seed) });
    const a = await run(1), b = await run(2);
    assert.deepEqual(await run(1), a);
    assert.notDeepEqual(a.uniform, b.uniform);
    hasDistributions({ ...a, class: Float32Array.from(a.class) });
    hasDistributions({ ...b, class: Float32Array.from(b.class) });
    // Nodes differ.
    assert.ok(Math.abs(mean(a.double.map((v, i) => (v - 0.5) * ((a.uniform[i] + 1) / 4 - 0.5)))) < 0.003);
  });
  const made = compile("unseeded", "--constant", "random.seed=7");
  assert.equal(made.status, 0, made.stderr);
});
