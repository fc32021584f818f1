// The engines, each as {name, version(), missing(): why it cannot run here, or null; run(task): what core.mjs gives}. Node, Deno, Bun and jsc
// are processes, browsers show a page, workerd serves; Wasmtime is a program of libweft.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";

import { BROWSERS, runPage } from "../browser.mjs";
import { median, ROOT } from "../sizes.mjs";

const HERE = path.join(ROOT, "bench/engines");
const RUNTIME = path.join(ROOT, "build/runtime/weft.js");
const DENO = path.join(HERE, "node_modules/@deno/linux-x64-glibc/deno");
const BUN = path.join(HERE, "node_modules/@oven/bun-linux-x64/bin/bun");
const WORKERD = path.join(HERE, "node_modules/@cloudflare/workerd-linux-64/bin/workerd");
const output = (program, args) => execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 300_000, maxBuffer: 1 << 26 });
const installed = (file, how) => () => (existsSync(file) ? null : `there is no ${file}: ${how}`);

const ofProcess = (name, program, flags, how, version = (text) => text.replace(/^\D+/, "").split(/\s/)[0]) => ({
  name,
  missing: program.includes("/") ? installed(program, how) : () => null,
  version: () => version(output(program, ["--version"])),
  run: (task) => JSON.parse(output(program, [...flags, path.join(HERE, "process.mjs"), JSON.stringify(task)])),
});

const ofPage = (name) => ({
  name,
  missing: BROWSERS[name].missing,
  version: () => BROWSERS[name].version().replace(/^\D+/, ""),
  run(task) {
    const files = { "main.mjs": readFileSync(path.join(HERE, "page.mjs")), "core.mjs": readFileSync(path.join(HERE, "core.mjs")) };
    for (const file of ["model.js", "model.weights", ...task.files]) files["bundle/" + file] = readFileSync(path.join(task.bundle, file));
    return runPage(name, files, task);
  },
});

const JSC = process.env.JSC ?? "/usr/bin/jsc";
const jsc = {
  name: "jsc",
  missing: installed(JSC, "run tools/setup engines, or set JSC"),
  // It does not tell: the package does.
  version: () => output("dpkg-query", ["-W", "-f=${Version}", "libjavascriptcoregtk-4.0-bin"]).split("-")[0],
  run: (task) => JSON.parse(output(JSC, ["-m", path.join(HERE, "jsc.mjs"), "--", JSON.stringify({ ...task, runtime: RUNTIME })])),
};

const WASMTIME = path.join(ROOT, process.env.WEFT_BUILD ?? "build/release", "bench/engine_wasmtime");
const wasmtime = {
  name: "wasmtime",
  missing: installed(WASMTIME, "run make build and tools/setup wasmtime"),
  version: () => /^wasmtime==(\S+)/m.exec(readFileSync(path.join(ROOT, "tools/requirements-wasmtime.txt"), "utf8"))[1],
  run: ({ bundle, runs, warmup, variants }) => JSON.parse(output(WASMTIME, [bundle, runs, warmup, ...variants].map(String))),
};

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** modules: name -> kind of a Worker.Module in workerd.capnp. Names with dots up are not allowed: everything is embedded by one folder. */
function configuration(folder, task, port) {
  const modules = [["workerd.mjs", "esModule"], ["core.mjs", "esModule"], ["weft.js", "esModule"], ["model.json", "json"], ["model.weights", "data"], ...task.files.map((name) => [name, "wasm"])];
  for (const [name] of modules) {
    const from = name === "weft.js" ? RUNTIME : path.join(name.endsWith("mjs") ? HERE : task.bundle, name);
    writeFileSync(path.join(folder, name), readFileSync(from));
  }
  const list = modules.map(([name, kind]) => `(name = "${name}", ${kind} = embed "${name}")`).join(", ");
  const file = path.join(folder, "config.capnp");
  writeFileSync(file, `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (compatibilityDate = "2025-01-01", modules = [${list}]))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
`);
  return file;
}

const workerd = {
  name: "workerd",
  missing: installed(WORKERD, "run tools/setup engines"),
  version: () => output(WORKERD, ["--version"]).replace(/^\D+/, "").trim(),
  async run(task) {
    const folder = mkdtempSync(path.join(os.tmpdir(), "weft-workerd-"));
    const port = await freePort();
    const server = spawn(WORKERD, ["serve", configuration(folder, task, port)], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    server.stderr.on("data", (text) => (said += text));
    const post = async (body) => {
      for (let attempt = 0; ; ++attempt)
        try {
          const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: JSON.stringify(body) });
          if (!response.ok) throw new Error(`status ${response.status}`);
          return await response.json();
        } catch (error) {
          if (attempt >= 50 || server.exitCode !== null || said) throw new Error(`workerd: ${said || error.message}`);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
    };
    try {
      const result = await post(task);
      const timed = async (runs) => {
        const from = performance.now();
        await post({ runs });
        return performance.now() - from;
      };
      await timed(task.warmup);
      const spans = [];
      for (let i = 0; i < 3; ++i) spans.push(((await timed(task.runs + 1)) - (await timed(1))) / task.runs);
      return { ...result, ms: median(spans) };
    } finally {
      server.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const NODE24 = path.join(ROOT, "node_modules/.bin/node");
/** The first is what the others are compared with. */
export const ENGINES = [
  ofProcess("node 24", NODE24, [], "run tools/setup node"),
  ofProcess("node", "node", [], "") /* that of the PATH */,
  ofProcess("deno", DENO, ["run", "--allow-read", "--no-remote", "--quiet"], "run tools/setup engines"),
  ofProcess("bun", BUN, [], "run tools/setup engines"),
  workerd,
  ofPage("chromium"),
  ofPage("firefox"),
  jsc,
  wasmtime,
];
