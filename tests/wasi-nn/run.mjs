// node tests/wasi-nn/run.mjs [--host NAME]… [--only REGEX] [--page FILE] [--json] [--verbose]: runs the suite on hosts/NAME.mjs; without --host, on every host that is there.
// A case passes when its guest exits with 0. --page writes all results as a page (page.mjs). The last line is `N passed, N failed`; the exit code is 1 where one failed, or a host that was named is not there.
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { compile } from "../../bench/compile.mjs";
import { build, buildComponents } from "./build.mjs";
import { BROKEN, BUNDLES, CASES, NAMED, WIT_CASES } from "./cases.mjs";
import { page } from "./page.mjs";

// In the folder of the hosts, and none of them.
const HELPERS = ["browser.mjs", "package.mjs"];
const hostsFolder = fileURLToPath(new URL("./hosts/", import.meta.url));

/** The cases of a host: of programs that call witx functions, or of components. */
export const casesOf = ({ abi = "witx" }) => ({ witx: CASES, wit: WIT_CASES })[abi];

/** Every case on one host: [{ name, result: "passed" | "failed" | "skipped", reason, output }]. */
export async function runSuite(host, { only = /./, lacks = host.lacks ?? {} } = {}) {
  const out = await build();
  const guests = host.abi === "wit" ? await buildComponents() : path.join(out, "guests");
  const file = (name) => path.join(out, "models", `${name}.onnx`);
  const takesBundles = !("states" in lacks) && casesOf(host).some(({ needs }) => needs.includes("states"));
  const bundles = Object.entries(takesBundles ? BUNDLES : {}).map(([name, { model, options }]) => {
    const folder = path.join(out, "models", name);
    compile(file(model), folder, { more: options });
    return [name, folder];
  });
  const named = Object.fromEntries(Object.entries({ ...NAMED, ...("broken-names" in lacks ? {} : BROKEN) }).map(([name, model]) => [name, file(model)]).concat(bundles));
  const session = await host.open({ models: path.join(out, "models"), named });
  const results = [];
  try {
    for (const { name, guest, args, needs, model } of casesOf(host).filter(({ name }) => only.test(name))) {
      const missing = needs.find((need) => need in lacks);
      if (missing !== undefined) {
        results.push({ name, result: "skipped", reason: lacks[missing], output: "" });
        continue;
      }
      let run;
      try {
        run = await session.run({ guest: path.join(guests, `${guest}.wasm`), args, model });
      } catch (error) {
        run = { code: -1, output: "", log: error.stack ?? String(error) };
      }
      const passed = run.code === 0 && /^ok /m.test(run.output) && !/^FAIL/m.test(run.output);
      results.push({ name, result: passed ? "passed" : "failed", reason: passed ? "" : `exit code ${run.code}`, output: `${run.output}${run.log}` });
    }
  } finally {
    await session.close();
  }
  return results;
}

export const loadHost = (name) => import(new URL(`./hosts/${name}.mjs`, import.meta.url));

async function main() {
  const { values } = parseArgs({ options: { host: { type: "string", multiple: true }, only: { type: "string" }, page: { type: "string" }, json: { type: "boolean" }, verbose: { type: "boolean" } } });
  const say = values.json ? () => {} : console.log;
  const names = values.host ?? readdirSync(hostsFolder).filter((name) => !HELPERS.includes(name) && (name !== "command.mjs" || process.env.NN_COMMAND)).map((name) => path.parse(name).name).sort();
  const report = {};
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const name of names) {
    const host = await loadHost(name);
    const reason = host.unavailable();
    if (reason !== undefined) {
      say(`${name}: not there: ${reason}`);
      report[name] = { unavailable: reason };
      if (values.host) ++count.failed;
      continue;
    }
    const results = await runSuite(host, { only: new RegExp(values.only ?? ".") });
    report[name] = { abi: host.abi ?? "witx", about: host.about?.() ?? name, cases: results.map(({ name, result, reason }) => ({ name, result, reason })) };
    for (const { name: title, result, reason, output } of results) {
      ++count[result];
      if (result !== "passed" || values.verbose) say(`${name}: ${title}: ${result}${reason && `: ${reason}`}${result === "skipped" ? "" : `\n${output.trimEnd().replace(/^/gm, "  ")}`}`);
    }
    say(`${name}: ${results.filter(({ result }) => result === "passed").length} of ${results.length} cases pass`);
  }
  if (values.page !== undefined) writeFileSync(values.page, page(report));
  if (values.json) console.log(JSON.stringify({ ...count, hosts: report }, null, 2));
  else console.log(`${count.passed} passed, ${count.failed} failed${count.skipped ? `, ${count.skipped} left out` : ""}`);
  process.exitCode = count.failed > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
