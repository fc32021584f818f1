// `weft wasi`: weft's native host, on Wasmtime. $WEFT, or `weft` of $WEFT_BUILD (build/release).
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const weft = path.resolve(root, process.env.WEFT ?? path.join(process.env.WEFT_BUILD ?? "build/release", "weft"));

/** What this host cannot run yet, and why. */
export const lacks = {};

export function unavailable() {
  if (!existsSync(weft)) return `there is no ${weft}: make build, or set WEFT`;
  const { status, stdout } = spawnSync(weft, ["wasi", "--help"], { encoding: "utf8" });
  if (status !== 0 || !stdout.includes("--nn-graph")) return "this weft has no `weft wasi --nn-graph`";
  return undefined;
}

export function about() {
  const [version] = /wasmtime==(\S+)/.exec(readFileSync(path.join(root, "tools/requirements-wasmtime.txt"), "utf8")).slice(1);
  return `weft wasi, Wasmtime ${version}`;
}

export async function open({ models, named }) {
  const graphs = Object.entries(named).flatMap(([name, file]) => ["--nn-graph", `${name}=${file}`]);
  return {
    async run({ guest, args }) {
      const { status, stdout, stderr, error } = spawnSync(weft, ["wasi", guest, ...args, "--dir", `${models}::/models`, ...graphs], { encoding: "utf8", timeout: 120_000 });
      return { code: status ?? -1, output: stdout ?? "", log: (stderr ?? "") + (error?.message ?? "") };
    },
    close() {},
  };
}
