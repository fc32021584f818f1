// Any host that has a command line, by variables of the environment:
//   NN_COMMAND  words, in which {guest} and {models} are the guest's file and the folder for its /models; {args} are its arguments, {named} what NN_NAMED makes
//   NN_NAMED    words for each model that the host is to know by name: {name} and {file}, an ONNX file; {folder} has it alone, as model.onnx, and is called as the model
//   NN_ABI      witx or wit [witx]
//   NN_LACKS    needs of cases that it cannot run, with commas (cases.mjs)
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";

const { NN_COMMAND = "", NN_NAMED = "", NN_ABI = "witx", NN_LACKS = "" } = process.env;
const words = (text) => text.split(/\s+/).filter((word) => word !== "");
const filled = (text, values) => words(text).map((word) => word.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all));

export const abi = NN_ABI;
export const lacks = Object.fromEntries(NN_LACKS.split(",").filter((need) => need !== "").map((need) => [need, `the host has no ${need} (NN_LACKS)`]));
export const unavailable = () => (NN_COMMAND === "" ? "NN_COMMAND is not set (tests/wasi-nn/README.md)" : undefined);
export const about = () => `\`${NN_COMMAND}\``;

export async function open({ models, named }) {
  const folders = mkdtempSync(path.join(os.tmpdir(), "weft-wasi-nn-"));
  const graphs = Object.entries(named).flatMap(([name, file]) => {
    const folder = path.join(folders, name);
    if (/\{folder\}/.test(NN_NAMED) && file.endsWith(".onnx")) {
      mkdirSync(folder);
      copyFileSync(file, path.join(folder, "model.onnx"));
    }
    return filled(NN_NAMED, { name, file, folder });
  });
  return {
    async run({ guest, args }) {
      const [program, ...rest] = words(NN_COMMAND).flatMap((word) => (word === "{args}" ? args : word === "{named}" ? graphs : filled(word, { guest, models })));
      const { status, stdout, stderr, error } = spawnSync(program, rest, { encoding: "utf8", timeout: 120_000 });
      return { code: status ?? -1, output: stdout ?? "", log: (stderr ?? "") + (error?.message ?? "") };
    },
    close: () => rmSync(folders, { recursive: true }),
  };
}
