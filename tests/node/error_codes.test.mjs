// The table of error codes in runtimes/web/README.md lists those that the runtime throws, and tests expect each of them.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { ROOT } from "../support/runtime.mjs";

const text = (folder, ending) =>
  readdirSync(path.join(ROOT, folder)).filter((name) => name.endsWith(ending)).map((name) => readFileSync(path.join(ROOT, folder, name), "utf8")).join("\n");

const table = readFileSync(path.join(ROOT, "runtimes/web/README.md"), "utf8").split("## Errors")[1];
const listed = new Set([...table.matchAll(/^\|[^|]*\|([^|]*)\|/gm)].flatMap(([, codes]) => [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => code)));
const source = text("runtimes/web/src", ".ts");

test("what the runtime throws is listed", () => {
  const direct = [...source.matchAll(/(?:Load|Input|Runtime|Weft)Error\(\s*"(\w+)"/g), ...source.matchAll(/\bfail\("(\w+)"/g)].map(([, code]) => code);
  const chosen = [...source.matchAll(/\? "(\w+)" : "(\w+)",? /g), ...source.matchAll(/\? "(\w+)" : "(\w+)",?$/gm)].flatMap(([, a, b]) => [a, b]).filter((code) => ["html", "wrong_file", "truncated", "mismatch", "not_found", "network"].includes(code));
  assert.ok(direct.length > 20 && chosen.length >= 6);
  assert.deepEqual([...new Set([...direct, ...chosen])].sort(), [...listed].sort());
});

test("each is expected by some test", () => {
  // As `fails(promise, Type, "code", /message/)`, or `error.code, "code"`.
  const tests = ["runtime", "network", "worker", "int64", "chunks"].map((name) => readFileSync(path.join(ROOT, `tests/node/${name}.test.mjs`), "utf8")).join("\n");
  const expected = new Set([...tests.matchAll(/"(\w+)",\s*(?:\/|new RegExp)/g), ...tests.matchAll(/code(?:,|:) "(\w+)"/g)].map(([, code]) => code));
  assert.deepEqual([...listed].filter((code) => !expected.has(code)), []);
});
