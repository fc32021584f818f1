// Reads all text of a picture with PP-OCRv4: detect lines, cut them out, turn those that stand on their heads, recognise. Works on plain
// pixels, {width, height, data: RGBA bytes}, so it runs in pages and in Node alike.
import { findBoxes } from "./boxes.mjs";
import { decode } from "./decode.mjs";

export const SHAPES = { det: [1, 3, 640, 640], cls: [1, 3, 48, 192], rec: [1, 3, 48, 640] };

const UPSIDE_DOWN = 0.9; // how sure the classifier must be
const LEAST_CONFIDENCE = 0.5;

const DET = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
const LINE = { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] };

/** Bilinear sample of one channel; outside, the nearest pixel. */
function sample({ width, height, data }, x, y, channel) {
  const u = Math.min(Math.max(x, 0), width - 1), v = Math.min(Math.max(y, 0), height - 1);
  const left = Math.floor(u), top = Math.floor(v);
  const right = Math.min(left + 1, width - 1), bottom = Math.min(top + 1, height - 1);
  const a = u - left, b = v - top;
  const at = (column, row) => data[4 * (row * width + column) + channel];
  return (at(left, top) * (1 - a) + at(right, top) * a) * (1 - b) + (at(left, bottom) * (1 - a) + at(right, bottom) * a) * b;
}

/**
 * Pixels of the picture as f32 [1, 3, height, width], channels in the order blue, green, red. `place(x, y)` is where a pixel of the result
 * comes from; those beyond `columns` and `rows` are 0.
 */
function tensor(image, [, , height, width], { mean, deviation }, columns, rows, place) {
  const out = new Float32Array(3 * height * width);
  for (let y = 0; y < rows; ++y)
    for (let x = 0; x < columns; ++x) {
      const [u, v] = place(x, y);
      for (let c = 0; c < 3; ++c) out[(c * height + y) * width + x] = (sample(image, u, v, 2 - c) / 255 - mean[c]) / deviation[c];
    }
  return out;
}

const distance = ([a, b], [c, d]) => Math.hypot(c - a, d - b);

/** A line, cut out of the picture along its box and scaled to the model's height. */
function lineTensor(image, [topLeft, topRight, , bottomLeft], shape, turned) {
  const [, , height, width] = shape;
  const columns = Math.max(1, Math.min(width, Math.round((height * distance(topLeft, topRight)) / distance(topLeft, bottomLeft))));
  return tensor(image, shape, LINE, columns, height, (x, y) => {
    const along = (x + 0.5) / columns, across = (y + 0.5) / height;
    const [u, v] = turned ? [1 - along, 1 - across] : [along, across];
    return [0, 1].map((i) => topLeft[i] + u * (topRight[i] - topLeft[i]) + v * (bottomLeft[i] - topLeft[i]) - 0.5);
  });
}

/** A line longer than the model's width, at the model's height: how wide it is, and how much each column's brightness varies. */
function inkOf(image, [topLeft, topRight, , bottomLeft], height) {
  const columns = Math.max(1, Math.round((height * distance(topLeft, topRight)) / distance(topLeft, bottomLeft)));
  return Float32Array.from({ length: columns }, (_, x) => {
    let darkest = 255, brightest = 0;
    for (let y = height / 8; y < (7 * height) / 8; ++y) {
      const [u, v] = [0, 1].map((i) => topLeft[i] + ((x + 0.5) / columns) * (topRight[i] - topLeft[i]) + ((y + 0.5) / height) * (bottomLeft[i] - topLeft[i]));
      const value = sample(image, u - 0.5, v - 0.5, 1);
      darkest = Math.min(darkest, value);
      brightest = Math.max(brightest, value);
    }
    return brightest - darkest;
  });
}

/** The middle of the widest gap between words in a window of columns; undefined where there is none. */
function gapIn(ink, from, to) {
  const blank = 0.3 * Math.max(...ink);
  let best;
  for (let x = from; x < to; ) {
    let end = x;
    while (end < to && ink[end] < blank) ++end;
    if (end > x && (best === undefined || end - x > best.end - best.x)) best = { x, end };
    x = end + 1;
  }
  return best && (best.x + best.end) / 2;
}

/** A box as boxes that fit the model, cut between words: [{box, space: whether a space follows}], in the direction of the box. */
export function piecesOf(image, box, [, , height, width]) {
  const [topLeft, topRight, bottomRight, bottomLeft] = box;
  const ink = inkOf(image, box, height);
  const count = Math.ceil(ink.length / (0.95 * width));
  if (count <= 1) return [{ box, space: false }];
  const step = ink.length / count;
  const cuts = Array.from({ length: count - 1 }, (_, i) => {
    const middle = (i + 1) * step;
    const gap = gapIn(ink, Math.round(middle - step / 4), Math.round(middle + step / 4));
    return { at: (gap ?? middle) / ink.length, space: gap !== undefined };
  });
  const edges = [{ at: 0, space: false }, ...cuts, { at: 1, space: false }];
  const between = (a, b, t) => a.map((v, i) => v + t * (b[i] - v));
  return edges.slice(1).map(({ at, space }, i) => {
    const from = edges[i].at;
    return { space, box: [between(topLeft, topRight, from), between(topLeft, topRight, at), between(bottomLeft, bottomRight, at), between(bottomLeft, bottomRight, from)] };
  });
}

const first = async (model, x) => Object.values(await model.run({ x }))[0];

export class Reader {
  #models;
  #characters;
  /** Models loaded from bundles of SHAPES: {det, cls, rec}; the recogniser's characters (readCharacters). */
  constructor(models, characters) {
    this.#models = models;
    this.#characters = characters;
  }

  /** Lines from the top to the bottom: {box, text, confidence, turned}; and the time of each stage in ms. */
  async read(image) {
    const times = { detect: 0, turn: 0, recognise: 0 };
    const timed = async (stage, body) => {
      const start = performance.now();
      const result = await body();
      times[stage] += performance.now() - start;
      return result;
    };
    const lines = [];
    for (const { box } of await timed("detect", () => this.#detect(image))) {
      const turned = await timed("turn", () => this.#isTurned(image, box));
      const { text, confidence } = await timed("recognise", () => this.#recognise(image, box, turned));
      if (text !== "" && confidence >= LEAST_CONFIDENCE) lines.push({ box, text, confidence, turned });
    }
    return { lines, times };
  }

  async #detect(image) {
    const [, , height, width] = SHAPES.det;
    const scale = Math.min(width / image.width, height / image.height);
    const columns = Math.round(image.width * scale), rows = Math.round(image.height * scale);
    const x = tensor(image, SHAPES.det, DET, columns, rows, (u, v) => [(u + 0.5) / scale - 0.5, (v + 0.5) / scale - 0.5]);
    const map = await first(this.#models.det, x);
    return findBoxes(map, width, height).map(({ box, score }) => ({ score, box: box.map(([u, v]) => [(u + 0.5) / scale, (v + 0.5) / scale]) }));
  }

  async #isTurned(image, box) {
    const [, turned] = await first(this.#models.cls, lineTensor(image, box, SHAPES.cls, false));
    return turned > UPSIDE_DOWN;
  }

  async #recognise(image, box, turned) {
    const pieces = piecesOf(image, box, SHAPES.rec);
    if (turned) pieces.reverse();
    let text = "", sum = 0;
    for (const [i, piece] of pieces.entries()) {
      const scores = await first(this.#models.rec, lineTensor(image, piece.box, SHAPES.rec, turned));
      const read = decode(scores, this.#models.rec.info.outputs[0].shape, this.#characters);
      // The space stands behind the piece on its right when the line is read from there.
      const space = i > 0 && (turned ? piece : pieces[i - 1]).space;
      text += (space ? " " : "") + read.text.trim();
      sum += read.confidence;
    }
    return { text, confidence: sum / pieces.length };
  }
}
