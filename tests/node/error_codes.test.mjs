// The table of error codes in runtimes/web/README.md lists those that the runtime throws, and tests see each of them.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { ROOT } from "../support/runtime.mjs";

const text = (folder, ending) =>
  readdirSync(path.join(ROOT, folder)).filter((name) => name.endsWith(ending)).map((name) => readFileSync(path.join(ROOT, folder, name), "utf8")).join("\n");

const NOT_SEEN = new Map([["node_failed", "no kernel sets an error code but 1 (index_out_of_range)"]]);

const table = readFileSync(path.join(ROOT, "runtimes/web/README.md"), "utf8").split("## Errors")[1];
const listed = new Set([...table.matchAll(/^\|[^|]*\|([^|]*)\|/gm)].flatMap(([, codes]) => [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => code)));
const source = text("runtimes/web/src", ".ts");

test("what the runtime throws is listed", () => {
  const direct = [...source.matchAll(/(?:Load|Input|Runtime|Weft)Error\(\s*"(\w+)"/g), ...source.matchAll(/\bfail\("(\w+)"/g)].map(([, code]) => code);
  const chosen = [...source.matchAll(/\? "(\w+)" : "(\w+)",? /g), ...source.matchAll(/\? "(\w+)" : "(\w+)",?$/gm)].flatMap(([, a, b]) => [a, b]).filter((code) => ["html", "wrong_file", "truncated", "mismatch", "not_found", "network"].includes(code));
  assert.ok(direct.length > 20 && chosen.length >= 6);
  assert.deepEqual([...new Set([...direct, ...chosen])].sort(), [...listed].sort());
});

test("each is thrown by some test", (t) => {
  for (const [code, reason] of NOT_SEEN) t.diagnostic(`not tested: ${code}: ${reason}`);
  const tests = text("tests/node", ".mjs") + text("tests/browser", ".mjs");
  assert.deepEqual([...listed].filter((code) => !NOT_SEEN.has(code) && !tests.includes(`"${code}"`)), []);
});
