// The reader of examples/ocr: its geometry on maps made by hand, and a whole picture in Node.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, test } from "node:test";

import sharp from "sharp";

import { components, convexHull, findBoxes, smallestRectangle } from "../../examples/ocr/boxes.mjs";
import { decode } from "../../examples/ocr/decode.mjs";
import { piecesOf } from "../../examples/ocr/reader.mjs";
import { ROOT } from "../support/runtime.mjs";
import { LINES, misread, TURNED } from "../support/ocr.mjs";

const folder = mkdtempSync(path.join(os.tmpdir(), "weft-ocr-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const near = (a, b, tolerance) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);

/** A map of width x height with ones where inside(x, y). */
const mapOf = (width, height, inside) => Float32Array.from({ length: width * height }, (_, i) => (inside(i % width, Math.trunc(i / width)) ? 0.9 : 0.05));

test("components: apart and touching, by their outlines", () => {
  const map = mapOf(12, 6, (x, y) => (x < 3 && y < 3) || (x === 3 && y === 3) || (x > 7 && y > 1 && y < 5));
  const found = components(map, 12, 6);
  assert.equal(found.length, 2);
  assert.equal(found[0].length, 9); // ten pixels, of which the middle of the square has all its neighbours
  assert.equal(found[1].length, 10); // twelve, two of them inside
});

test("hulls and rectangles: a point, a segment, a square, a slanted bar", () => {
  assert.deepEqual(convexHull([[0, 0], [2, 0], [1, 1], [2, 2], [0, 2], [1, 0]]).length, 4);
  assert.deepEqual(smallestRectangle([[3, 4]]).size, [0, 0]);
  const segment = smallestRectangle([[0, 0], [5, 0], [9, 0]]);
  assert.deepEqual(segment.size.map(Math.abs).sort(), [0, 9]);
  const angle = 0.3, points = [];
  for (let u = -20; u <= 20; ++u) for (const v of [-3, 3]) points.push([50 + u * Math.cos(angle) - v * Math.sin(angle), 40 + u * Math.sin(angle) + v * Math.cos(angle)]);
  const { center, size } = smallestRectangle(points);
  near(center[0], 50, 1e-6);
  near(center[1], 40, 1e-6);
  near(Math.max(...size), 40, 1e-6);
  near(Math.min(...size), 6, 1e-6);
});

test("boxes: corners clockwise from the top left, larger than the map's bar, in reading order; specks and weak ones are left out", () => {
  const angle = 0.15, width = 160, height = 100;
  const bar = (cx, cy, w, h, a) => (x, y) => Math.abs((x - cx) * Math.cos(a) + (y - cy) * Math.sin(a)) <= w / 2 && Math.abs((y - cy) * Math.cos(a) - (x - cx) * Math.sin(a)) <= h / 2;
  const first = bar(40, 20, 50, 8, 0), second = bar(120, 22, 40, 8, 0), third = bar(80, 70, 90, 10, angle);
  const map = mapOf(width, height, (x, y) => first(x, y) || second(x, y) || third(x, y) || (x === 150 && y === 90));
  for (let y = 85; y < 95; ++y) for (let x = 5; x < 30; ++x) map[y * width + x] = 0.4; // weak
  const boxes = findBoxes(map, width, height);
  assert.equal(boxes.length, 3);
  assert.ok(boxes[0].box[0][0] < boxes[1].box[0][0] && boxes[1].box[0][1] < boxes[2].box[0][1]);
  const [topLeft, topRight, , bottomLeft] = boxes[2].box;
  near(Math.atan2(topRight[1] - topLeft[1], topRight[0] - topLeft[0]), angle, 0.03);
  assert.ok(Math.hypot(topRight[0] - topLeft[0], topRight[1] - topLeft[1]) > 92);
  assert.ok(bottomLeft[1] > topLeft[1]);
  assert.deepEqual(findBoxes(new Float32Array(100), 10, 10), []);
});

test("a long line is cut in a gap between words", () => {
  const width = 2000, height = 40, gap = 1130;
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let y = 0; y < height; ++y) for (let x = 0; x < width; ++x) if (Math.abs(x - gap) > 15 && (x + y) % 3 === 0) data.fill(0, 4 * (y * width + x), 4 * (y * width + x) + 3);
  const box = [[0, 0], [width, 0], [width, height], [0, height]];
  const pieces = piecesOf({ width, height, data }, box, [1, 3, height, 1200]);
  assert.equal(pieces.length, 2);
  near(pieces[0].box[1][0], gap, 10);
  assert.deepEqual([pieces[0].space, pieces[1].space], [true, false]);
  assert.deepEqual(pieces[1].box[1], [width, 0]);
  assert.equal(piecesOf({ width, height, data }, box, [1, 3, height, 2200]).length, 1);
});

test("CTC: blanks and repeats fall out", () => {
  const scores = new Float32Array(6 * 3);
  [1, 1, 0, 1, 2, 0].forEach((best, step) => (scores[step * 3 + best] = 0.8));
  const { text, confidence } = decode(scores, [1, 6, 3], ["", "a", "b"]);
  assert.equal(text, "aab");
  near(confidence, 0.8, 1e-6);
});

test("a whole picture: slanted, upside-down and long lines", () => {
  const marked = path.join(folder, "marked.png");
  const { status, stdout, stderr } = spawnSync(process.execPath, ["examples/ocr/read.mjs", "examples/ocr/page.png", "--json", "--output", marked], { cwd: ROOT, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const { lines, times } = JSON.parse(stdout);
  assert.deepEqual(misread(lines.map(({ text }) => text)), []);
  assert.deepEqual(lines.map(({ turned }) => turned), LINES.map((_, i) => i === TURNED));
  assert.ok(Object.values(times).every((ms) => ms > 0));
  assert.ok(lines.every(({ box }) => box.length === 4));
});

test("a picture without text, and what is no picture", async () => {
  const blank = path.join(folder, "blank.png"), text = path.join(folder, "no.png");
  await sharp({ create: { width: 300, height: 200, channels: 3, background: "#eeeeee" } }).png().toFile(blank);
  writeFileSync(text, "not a picture");
  const run = (...args) => spawnSync(process.execPath, ["examples/ocr/read.mjs", ...args], { cwd: ROOT, encoding: "utf8" });
  assert.deepEqual(JSON.parse(run(blank, "--json").stdout).lines, []);
  const wrong = run(text);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /^read: /);
  assert.equal(run().status, 2);
});
