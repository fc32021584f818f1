// Loads the model, listens to the chosen recording, draws it with the stretches of speech marked.
import { load } from "./model/model.js";
import { probabilities, RATE, segmentsOf } from "./speech.mjs";

const $ = (id) => document.getElementById(id);
const model = load();

/** The samples of any recording that the browser can decode, at the model's rate, its channels in one. */
async function samplesOf(file) {
  let sound;
  try {
    sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name ?? "this"} is not a recording that this browser can decode`);
  }
  const samples = new Float32Array(sound.length);
  for (let c = 0; c < sound.numberOfChannels; ++c) sound.getChannelData(c).forEach((value, i) => (samples[i] += value / sound.numberOfChannels));
  return samples;
}

/** The waveform as a line from the lowest to the highest sample a column; speech in colour, the probability above. */
function draw(samples, frames, segments) {
  const canvas = $("wave"), { width, height } = canvas, context = canvas.getContext("2d");
  const column = (seconds) => (seconds * RATE * width) / samples.length;
  context.clearRect(0, 0, width, height);
  context.fillStyle = "#2563eb33";
  for (const { start, end } of segments) context.fillRect(column(start), 0, column(end) - column(start), height);
  context.fillStyle = getComputedStyle(document.body).color;
  for (let x = 0; x < width; ++x) {
    let low = 0, high = 0;
    for (let i = Math.floor((x * samples.length) / width); i < ((x + 1) * samples.length) / width; ++i) {
      low = Math.min(low, samples[i]);
      high = Math.max(high, samples[i]);
    }
    context.fillRect(x, (height / 2) * (1 - high), 1, Math.max(1, (height / 2) * (high - low)));
  }
  context.strokeStyle = "#2563eb";
  context.lineWidth = 2;
  context.beginPath();
  frames.forEach((probability, k) => context.lineTo((k * width) / frames.length, (height - 4) * (1 - probability) + 2));
  context.stroke();
}

const time = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;

function list(segments) {
  $("segments").replaceChildren(...segments.map(({ start, end }) => {
    const item = document.createElement("li");
    const play = Object.assign(document.createElement("button"), { textContent: `${time(start)} – ${time(end)}` });
    play.onclick = () => {
      $("player").currentTime = start;
      $("player").play();
    };
    item.append(play);
    return item;
  }));
}

async function mark(file) {
  $("error").hidden = true;
  $("sample").disabled = $("file").disabled = true;
  $("progress").hidden = false;
  $("status").textContent = "Listening…";
  try {
    const samples = await samplesOf(file), loaded = await model;
    const from = performance.now();
    const frames = await probabilities(loaded, samples, (share) => ($("progress").value = share));
    const ms = performance.now() - from, duration = samples.length / RATE, segments = segmentsOf(frames, duration);
    draw(samples, frames, segments);
    list(segments);
    URL.revokeObjectURL($("player").src);
    $("player").src = URL.createObjectURL(file);
    $("result").hidden = false;
    $("status").textContent = `${segments.length} stretches of speech in ${duration.toFixed(1)} s; ${frames.length} frames in ${ms.toFixed(0)} ms`;
  } catch (error) {
    fail(error);
  } finally {
    $("progress").hidden = true;
    $("sample").disabled = $("file").disabled = false;
  }
}

function fail(error) {
  $("status").textContent = "";
  $("error").textContent = error.message;
  $("error").hidden = false;
}

$("file").onchange = () => $("file").files[0] && mark($("file").files[0]);
$("sample").onclick = async () => mark(await (await fetch("./sample.wav")).blob());
$("drop").ondragover = (event) => (event.preventDefault(), $("drop").classList.add("over"));
$("drop").ondragleave = () => $("drop").classList.remove("over");
$("drop").ondrop = (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (file) mark(file);
};

model.then(() => $("status").textContent.startsWith("Loading") && ($("status").textContent = "Ready."), fail);
