// Loads the three models, reads the chosen picture, draws a box around each line.
import { load as loadCls } from "./cls/model.js";
import { readCharacters } from "./decode.mjs";
import { load as loadDet } from "./det/model.js";
import { load as loadRec } from "./rec/model.js";
import { Reader } from "./reader.mjs";

const LARGEST = 4096; // pixels a side; larger pictures are scaled down
const $ = (id) => document.getElementById(id);

/** A worker for each model keeps the page alive; progress of all of them together. */
async function loadModels() {
  const seen = new Map();
  const report = (name) => (progress) => {
    seen.set(name, progress);
    const sum = (field) => [...seen.values()].reduce((total, each) => total + each[field], 0);
    $("progress").value = sum("loadedBytes") / Math.max(1, sum("totalBytes"));
  };
  const models = { det: loadDet, cls: loadCls, rec: loadRec };
  const loaded = await Promise.all(Object.entries(models).map(async ([name, load]) => [name, await load({ worker: true, onProgress: report(name) })]));
  const response = await fetch("./characters.txt");
  if (!response.ok) throw new Error(`cannot load the characters: status ${response.status}`);
  return new Reader(Object.fromEntries(loaded), readCharacters(await response.text()));
}
const reader = loadModels();

async function pixelsOf(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`${file.name ?? "this"} is not a picture that this browser can read`);
  }
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = $("picture");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

function show({ lines, times }) {
  const canvas = $("picture");
  const context = canvas.getContext("2d");
  context.lineWidth = Math.max(2, canvas.width / 500);
  context.strokeStyle = "#2563eb";
  for (const { box } of lines) {
    context.beginPath();
    for (const [x, y] of box) context.lineTo(x, y);
    context.closePath();
    context.stroke();
  }
  $("lines").replaceChildren(...lines.map(({ text, confidence, turned }) => {
    const item = document.createElement("li");
    const note = document.createElement("small");
    note.textContent = ` ${(100 * confidence).toFixed(0)} %${turned ? ", upside down" : ""}`;
    item.append(Object.assign(document.createElement("span"), { textContent: text }), note);
    return item;
  }));
  $("result").hidden = false;
  $("status").textContent = `${lines.length} lines; ${Object.entries(times).map(([stage, ms]) => `${stage} ${ms.toFixed(0)} ms`).join(", ")}`;
}

async function read(file) {
  $("error").hidden = true;
  $("sample").disabled = $("file").disabled = true;
  $("status").textContent = "Reading…";
  try {
    const image = await pixelsOf(file);
    show(await (await reader).read(image));
  } catch (error) {
    fail(error);
  } finally {
    $("sample").disabled = $("file").disabled = false;
  }
}

function fail(error) {
  $("status").textContent = "";
  $("error").textContent = error.message;
  $("error").hidden = false;
}

$("file").onchange = () => $("file").files[0] && read($("file").files[0]);
$("sample").onclick = async () => read(await (await fetch("./sample.png")).blob());
$("drop").ondragover = (event) => (event.preventDefault(), $("drop").classList.add("over"));
$("drop").ondragleave = () => $("drop").classList.remove("over");
$("drop").ondrop = (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (file) read(file);
};

reader.then(
  () => {
    $("progress").hidden = true;
    if ($("status").textContent.startsWith("Loading")) $("status").textContent = "Ready.";
  },
  (error) => {
    $("progress").hidden = true;
    fail(error);
  },
);
