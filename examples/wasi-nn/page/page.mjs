// Pictures become PPM files here; the programs run in the worker.
import { PROGRAMS } from "./programs.mjs";

const element = (id) => document.getElementById(id);
const status = element("status"), output = element("output"), shown = element("picture"), program = element("program"), prompt = element("prompt");
const worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
worker.onmessage = ({ data: { ready, code, text, error } }) => {
  if (text !== undefined) output.textContent += text;
  else status.textContent = error ?? (ready ? "Ready." : `The program ended with ${code}.`);
};
worker.onerror = ({ message }) => (status.textContent = message);

/** Binary PPM, on white. */
async function toPpm(blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const head = new TextEncoder().encode(`P6\n${canvas.width} ${canvas.height}\n255\n`);
  const ppm = new Uint8Array(head.length + (data.length / 4) * 3);
  ppm.set(head);
  for (let i = 0, at = head.length; i < data.length; i += 4, at += 3) ppm.set(data.subarray(i, i + 3), at);
  return ppm;
}

function run(more) {
  output.textContent = "";
  status.textContent = "Running…";
  worker.postMessage({ program: program.value, ...PROGRAMS[program.value], ...more });
}

async function runOn(blob) {
  URL.revokeObjectURL(shown.src);
  shown.src = URL.createObjectURL(blob);
  shown.hidden = false;
  try {
    run({ picture: await toPpm(blob) });
  } catch {
    status.textContent = "This is no picture that the browser can decode.";
  }
}

function choose() {
  const speaks = program.value === "speak";
  for (const id of ["drop", "sample"]) element(id).hidden = speaks;
  element("speak").hidden = !speaks;
  shown.hidden ||= speaks;
  output.textContent = "";
}

prompt.value = PROGRAMS.speak.args.slice(2).join(" ");
program.addEventListener("change", choose);
element("file").addEventListener("change", ({ target }) => target.files[0] && void runOn(target.files[0]));
element("sample").addEventListener("click", async () => runOn(await (await fetch("./line.png")).blob()));
element("speak").addEventListener("submit", (event) => {
  event.preventDefault();
  run({ args: [...PROGRAMS.speak.args.slice(0, 2), ...prompt.value.trim().split(/\s+/)] });
});
choose();
