// Random graphs over every operation and element type, over a symbol too, compiled with all passes and with none for every variant, beside the
// evaluator. Briefly here; `make fuzz-graphs` goes on for as long as it is told to. What it found stays in tests/node/graphs/*.txt.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";

import { checkText, fuzz, NEVER } from "../support/graphs.mjs";
import { ROOT } from "../support/runtime.mjs";

const FOUND = path.join(ROOT, "tests/node/graphs");
for (const file of readdirSync(FOUND).filter((name) => name.endsWith(".txt")))
  test(`found once: ${file}`, async () => {
    for (const seed of [2, 3]) assert.equal(await checkText(path.join(FOUND, file), seed), "");
  });

const FIRST = Number(process.env.WEFT_SEED ?? 0), COUNT = Number(process.env.WEFT_GRAPHS ?? 100);
test(`${COUNT} random graphs from seed ${FIRST}`, async (t) => {
  const { failures, graphs, symbolic, ops, totals } = await fuzz({ first: FIRST, count: COUNT });
  t.diagnostic(`${graphs} graphs, ${symbolic} of them symbolic; ${totals.compared} elements compared, ${totals.left} left to rounding; ${JSON.stringify(ops)}`);
  t.diagnostic(`never: ${JSON.stringify(NEVER)}`);
  assert.equal(failures.join("\n\n"), "");
  if (COUNT < 100) return;
  assert.ok(symbolic > COUNT / 5, "hardly any graph is symbolic");
  assert.ok(totals.left < totals.compared / 4, "rounding decides too much");
  for (const [op, times] of Object.entries(ops)) assert.equal(times > 0, !(op in NEVER), `${op} is in ${times} graphs`);
});
