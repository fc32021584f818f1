// The harness of bench/ in headless browsers: what a page posts comes back, what goes wrong is said, nothing stays behind; and one small
// run of each benchmark in Firefox.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";

import { BROWSERS, runPage } from "../../bench/browser.mjs";
import { ROOT } from "../../bench/sizes.mjs";

const scratch = mkdtempSync(path.join(tmpdir(), "weft-bench-"));
after(() => rmSync(scratch, { recursive: true }));
const page = (text) => ({ "main.mjs": `export default async (task) => { ${text} }` });
const profiles = () => readdirSync(tmpdir()).filter((name) => name.startsWith("weft-firefox-"));

for (const name of Object.keys(BROWSERS)) {
  test(`${name}: the task arrives, the result returns, the clock is fine`, async () => {
    const text = "let last = performance.now(), tick = 1; for (let i = 0; i < 1e5; ++i) { const now = performance.now(); if (now > last) tick = Math.min(tick, now - last); last = now; } return { echo: task, tick, isolated: crossOriginIsolated };";
    const { echo, tick, isolated } = await runPage(name, page(text), { some: ["thing"] });
    assert.deepEqual(echo, { some: ["thing"] });
    assert.ok(isolated && tick <= 0.05, `${tick} ms`);
  });
  test(`${name}: an error of the page is the error`, async () => {
    await assert.rejects(runPage(name, page('throw new RangeError("too far")'), {}), { message: `${name}: RangeError: too far` });
    await assert.rejects(runPage(name, { "main.mjs": "this is no module" }, {}), /SyntaxError/);
  });
  test(`${name}: a page that says nothing is ended`, async () => {
    const before = profiles();
    await assert.rejects(runPage(name, page("await new Promise(() => {})"), {}, { timeout: 8000 }), { message: `${name}: nothing came back within 8 s` });
    assert.deepEqual(profiles().filter((profile) => !before.includes(profile)), []);
  });
}

function run(script, args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(ROOT, "bench", script), ...args], { encoding: "utf8", timeout: 240_000 });
  assert.equal(status, 0, stderr);
  return stdout;
}

test("gemm.mjs in Firefox", () => {
  const { results } = JSON.parse(run("gemm.mjs", ["--engine", "firefox", "--size", "48", "--rounds", "3", "--json"]));
  const [{ engine, rows, missing, rounds }] = results;
  assert.deepEqual({ engine, missing, rounds }, { engine: "firefox", missing: [], rounds: 3 });
  assert.deepEqual(rows.map(({ kernel }) => kernel), ["relaxed 6x8", "simd128 3x12"]);
  for (const { weft, hand, peak } of rows) assert.ok(weft > 0 && hand > 0 && peak > 0);
});

test("run.mjs in Firefox", () => {
  const output = path.join(scratch, "rows.json");
  const stdout = run("run.mjs", ["--engine", "firefox", "--models", "ppocr-cls", "--variants", "relaxed", "--samples", "2", "--cold", "1", "--output", output]);
  assert.match(stdout, /^Firefox \d+/);
  const { rows, failures } = JSON.parse(readFileSync(output, "utf8"));
  assert.deepEqual(failures, []);
  assert.deepEqual(rows.map(({ engine, model, variant, peer, samples }) => [engine, model, variant, peer, samples.length]), [["firefox", "ppocr-cls", "relaxed", "onnxruntime-web", 2]]);
  const [{ weft_ms, cold_start_ms, peer_cold_start_ms, memory_bytes, peer_memory_bytes }] = rows;
  for (const value of [weft_ms, cold_start_ms, peer_cold_start_ms, memory_bytes, peer_memory_bytes]) assert.ok(value > 0);
});
