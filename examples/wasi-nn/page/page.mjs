// Pictures become PPM files here; the program runs in the worker.
const status = document.getElementById("status"), output = document.getElementById("output"), shown = document.getElementById("picture");
const worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
worker.onmessage = ({ data: { ready, code, text, error } }) => {
  if (text !== undefined) output.textContent = text;
  status.textContent = error ?? (ready ? "Ready." : `The program ended with ${code}.`);
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

async function read(blob) {
  output.textContent = "";
  status.textContent = "Reading…";
  URL.revokeObjectURL(shown.src);
  shown.src = URL.createObjectURL(blob);
  shown.hidden = false;
  try {
    worker.postMessage(await toPpm(blob));
  } catch {
    status.textContent = "This is no picture that the browser can decode.";
  }
}
document.getElementById("file").addEventListener("change", ({ target }) => target.files[0] && void read(target.files[0]));
document.getElementById("sample").addEventListener("click", async () => read(await (await fetch("./line.png")).blob()));
