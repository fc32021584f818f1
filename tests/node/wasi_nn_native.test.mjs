// The suite of wasi-nn (tests/wasi-nn) on the native host, `weft wasi`. The hosts in JavaScript: tests/package/wasi_nn.test.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";

import { CASES } from "../wasi-nn/cases.mjs";
import { loadHost, runSuite } from "../wasi-nn/run.mjs";

test("the suite: native", async (t) => {
  const host = await loadHost("native");
  assert.equal(host.unavailable(), undefined);
  const results = await runSuite(host);
  assert.equal(results.length, CASES.length);
  assert.deepEqual(results.filter(({ result }) => result === "failed"), []);
  const skipped = results.filter(({ result }) => result === "skipped");
  for (const { name, reason } of skipped) t.diagnostic(`${name}: left out: ${reason}`);
  assert.ok(skipped.length < 5);
});
