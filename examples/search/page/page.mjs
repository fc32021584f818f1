// Loads the model, indexes the sentences, shows those that are nearest to what is typed.
import { load } from "./model/model.js";
import { Searcher, sentencesOf } from "./search.mjs";
import { Tokenizer } from "./tokenizer.mjs";

const $ = (id) => document.getElementById(id);
const controls = ["query", "go", "sentences", "index"].map($);
let searcher;

async function text(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`cannot load ${address}: status ${response.status}`);
  return response.text();
}

/** In a worker, so that the page stays alive; kept for the next visit. */
async function open() {
  const onProgress = ({ loadedBytes, totalBytes }) => ($("progress").value = loadedBytes / Math.max(1, totalBytes));
  const [model, vocabulary, corpus] = await Promise.all([load({ worker: true, cache: true, onProgress }), text("./vocab.txt"), text("./corpus.txt")]);
  searcher = new Searcher(model, new Tokenizer(vocabulary));
  $("sentences").value = corpus;
  await index();
  $("query").focus();
}

async function index() {
  const sentences = sentencesOf($("sentences").value), from = performance.now();
  $("status").textContent = "Reading the sentences…";
  await searcher.index(sentences, (share) => ($("progress").value = share));
  $("found").replaceChildren();
  $("status").textContent = `${sentences.length} sentences read in ${(performance.now() - from).toFixed(0)} ms.`;
}

async function search() {
  const from = performance.now(), found = await searcher.search($("query").value);
  $("found").replaceChildren(...found.map(({ sentence, score }) => {
    const item = document.createElement("li");
    item.style.setProperty("--share", `${Math.max(0, 100 * score)}%`);
    item.append(Object.assign(document.createElement("small"), { textContent: score.toFixed(3) }), Object.assign(document.createElement("span"), { textContent: sentence }));
    return item;
  }));
  $("status").textContent = `Found in ${(performance.now() - from).toFixed(0)} ms.`;
}

/** One thing at a time; what fails is shown. */
async function busy(work) {
  $("error").hidden = true;
  $("progress").hidden = false;
  for (const control of controls) control.disabled = true;
  try {
    await work();
    for (const control of controls) control.disabled = false;
  } catch (error) {
    $("status").textContent = "";
    $("error").textContent = error.message;
    $("error").hidden = false;
    if (searcher) for (const control of controls) control.disabled = false;
  }
  $("progress").hidden = true;
}

$("search").onsubmit = (event) => {
  event.preventDefault();
  busy(search);
};
$("index").onclick = () => busy(index);
busy(open);
