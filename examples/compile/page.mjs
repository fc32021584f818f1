// The page: shows what the worker says.
import { zip } from "./zip.mjs";

const $ = (id) => document.getElementById(id);
const worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
const waiting = new Map();
let next = 0, name, bundle;

worker.onmessage = ({ data: { id, answer, error } }) => {
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) resolve(answer);
  else reject(new Error(error));
};
worker.onerror = ({ message }) => waiting.forEach(({ reject }) => reject(new Error(message || "the worker could not start")));
const ask = (op, request) =>
  new Promise((resolve, reject) => {
    waiting.set(next, { resolve, reject });
    worker.postMessage({ id: next++, op, ...request });
  });

/** Shows that something is under way, and how it ended. */
async function step(text, body) {
  $("status").textContent = text;
  $("error").hidden = true;
  document.querySelectorAll("button").forEach((button) => (button.disabled = true));
  try {
    $("status").textContent = (await body()) ?? "";
  } catch (error) {
    $("status").textContent = "";
    $("error").textContent = error.message;
    $("error").hidden = false;
  } finally {
    document.querySelectorAll("button").forEach((button) => (button.disabled = false));
  }
}

const row = (...cells) => {
  const line = document.createElement("tr");
  for (const cell of cells) {
    const td = document.createElement("td");
    td.append(cell);
    line.append(td);
  }
  return line;
};
const fill = (id, rows) => $(id).tBodies[0].replaceChildren(...rows);
const bytes = (count) => (count < 10_000 ? `${count} B` : count < 1e7 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`);
const number = (value) => (Number.isInteger(value) ? String(value) : value.toPrecision(6));

/** "f32[batch, 3, 224, 224]" -> the type and the extents that are known. */
function parseType(type) {
  const [, dtype, shape] = /^(\w+)\[(.*)\]$/.exec(type) ?? [undefined, type, ""];
  return { dtype, extents: shape === "" ? [] : shape.split(", ") };
}

function shapeField({ name: input, type }) {
  const { extents } = parseType(type);
  const field = document.createElement("input");
  field.value = extents.map((extent) => (/^\d+$/.test(extent) ? extent : "1")).join("x");
  field.dataset.input = input;
  field.setAttribute("aria-label", `shape of ${input}`);
  field.title = type;
  return field;
}

/** Of inputs whose shape is not a number at all (scalars), nothing is said. */
const shapes = () =>
  Object.fromEntries([...document.querySelectorAll("[data-input]")].filter(({ value }) => value.trim() !== "").map(({ dataset, value }) => [dataset.input, value.split(/[x, ]+/).map(Number)]));

async function open(file) {
  name = file.name.replace(/\.onnx$/i, "");
  $("bundle").hidden = $("result").hidden = $("model").hidden = true;
  await step(`Reading ${file.name}…`, async () => {
    const seen = await ask("open", { file });
    $("name").textContent = `${file.name}, ${bytes(file.size)}`;
    fill("inputs", seen.inputs.map((input) => row(input.name, parseType(input.type).dtype, shapeField(input))));
    fill("outputs", seen.outputs.map((output) => row(output.name, output.type)));
    $("operators").replaceChildren(...Object.entries(seen.operators).map(([op, count]) => Object.assign(document.createElement("li"), { textContent: `${op} × ${count}` })));
    $("unsupported").textContent = seen.unsupported.length ? `Not supported: ${seen.unsupported.map(({ op, count }) => `${op} × ${count}`).join(", ")}` : "";
    $("model").hidden = false;
    return seen.unsupported.length ? "This model uses operators that weft cannot compile." : "Give each input its shape, then compile.";
  });
}

$("file").onchange = () => $("file").files[0] && open($("file").files[0]);
$("drop").ondragover = (event) => (event.preventDefault(), $("drop").classList.add("over"));
$("drop").ondragleave = () => $("drop").classList.remove("over");
$("drop").ondrop = (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (file) open(file);
};

$("compile").onsubmit = (event) => {
  event.preventDefault();
  $("result").hidden = true;
  step("Compiling…", async () => {
    const options = { name, shapes: shapes(), weights: $("weights").value, ...($("deterministic").checked ? { deterministic: true, variants: ["simd128"] } : {}) };
    const { ms, files, variants } = await ask("compile", { options });
    bundle = files;
    fill("files", [...files].map(([file, blob]) => row(file, bytes(blob.size))));
    $("memory").textContent = variants.map((v) => `${v.name}: ${v.kernels} kernels, ${bytes(v.memory_bytes)} of memory`).join("; ");
    $("bundle").hidden = false;
    return `Compiled in ${ms.toFixed(0)} ms.`;
  });
};

$("download").onclick = () =>
  step("Packing…", async () => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await zip(bundle)), download: `${name}.zip` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });

$("run").onclick = () =>
  step("Running…", async () => {
    const values = Object.fromEntries(await Promise.all([...$("values").files].map(async (file) => [file.name.replace(/\.npy$/i, ""), await file.arrayBuffer()])));
    const result = await ask("run", { repeat: Math.max(1, Number($("repeat").value) || 1), values });
    $("latency").textContent = `${result.fastestMs.toFixed(2)} ms fastest, ${result.medianMs.toFixed(2)} ms median; loaded in ${result.loadMs.toFixed(0)} ms; ${result.variant}: ${result.reason}`;
    fill("values-out", result.outputs.map((o) => row(o.name, o.shape.join(" x "), number(o.min), number(o.max), number(o.mean), o.first.map(number).join(", "))));
    $("result").hidden = false;
  });
