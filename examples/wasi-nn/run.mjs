// node examples/wasi-nn/run.mjs read|classify [PICTURE], or speak [COUNT TEMPERATURE ID...]: runs the program on the package's host (make package), under node:wasi.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { WASI } from "node:wasi";

import { ROOT } from "../../bench/sizes.mjs";
import { PACKAGE } from "../../tests/wasi-nn/hosts/package.mjs";
import { build, SAMPLE, toPpm } from "./build.mjs";
import { PROGRAMS } from "./programs.mjs";

const [program, ...given] = process.argv.slice(2);
if (!Object.hasOwn(PROGRAMS, program ?? "")) throw new Error(`which program? There are ${Object.keys(PROGRAMS).join(", ")}`);
if (!existsSync(path.join(PACKAGE, "cli/wasi_nn.mjs"))) throw new Error("there is no package: run make package");
const folder = path.join(ROOT, "build/wasi-nn-example");
build(folder, [program]);
const takesPicture = program !== "speak";
if (takesPicture) writeFileSync(path.join(folder, "picture.ppm"), await toPpm(given[0] ?? SAMPLE));
const { model, args } = PROGRAMS[program];

// From here on it is what a user of the package writes: import { wasiNN } from "weft/wasi-nn".
const { wasiNN } = await import(pathToFileURL(path.join(PACKAGE, "cli/wasi_nn.mjs")));
const log = [];
const nn = await wasiNN({ models: { [model]: pathToFileURL(path.join(folder, model, "/")) }, compiler: false, log: (line) => log.push(line) });
const wasi = new WASI({ version: "preview1", args: [program, ...(takesPicture || given.length === 0 ? args : given)], preopens: { "/data": folder }, returnOnExit: true });
const { instance } = await WebAssembly.instantiate(readFileSync(path.join(folder, `${program}.wasm`)), { ...wasi.getImportObject(), ...nn.imports });
nn.bind(instance);
process.exitCode = wasi.start(instance);
if (process.exitCode !== 0) console.error(log.join("\n"));
