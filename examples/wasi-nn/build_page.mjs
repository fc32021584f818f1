// node examples/wasi-nn/build_page.mjs: puts the page, the programs, their models, the shim and the package's host into build/pages/wasi-nn.
import { copyFileSync, cpSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { ROOT } from "../../bench/sizes.mjs";
import { PACKAGE } from "../../tests/wasi-nn/hosts/package.mjs";
import { build, SAMPLE } from "./build.mjs";

const here = fileURLToPath(new URL("./page/", import.meta.url));
const out = path.join(ROOT, "build/pages/wasi-nn");
mkdirSync(path.join(out, "weft/cli"), { recursive: true });
build(out);
copyFileSync(fileURLToPath(new URL("programs.mjs", import.meta.url)), path.join(out, "programs.mjs"));
for (const name of readdirSync(here)) copyFileSync(path.join(here, name), path.join(out, name));
for (const name of ["weft.wasi-nn.js", "cli/wasi_nn.mjs", "cli/compiler.mjs", "cli/instance.mjs"]) copyFileSync(path.join(PACKAGE, name), path.join(out, "weft", name));
cpSync(path.join(ROOT, "node_modules/@bjorn3/browser_wasi_shim/dist"), path.join(out, "shim"), { recursive: true });
copyFileSync(SAMPLE, path.join(out, "line.png"));
console.log(`page: ${path.relative(process.cwd(), out)}`);
