// From a map of how likely each pixel is text to rotated boxes around its lines (Differentiable Binarization, Liao et al. 2020, and the
// post-processing of PaddleOCR). Points are [x, y]; a box is its corners, clockwise from the top left as the text is read.

const THRESHOLD = 0.3; // of a pixel
const BOX_SCORE = 0.6; // mean over a box
const UNCLIP = 1.5; // the network draws lines thinner than they are, by this ratio
const LEAST_SIDE = 3; // pixels

/** Connected pixels above the threshold (8 neighbours), as lists of points on their outline. */
export function components(map, width, height, threshold = THRESHOLD) {
  const seen = new Uint8Array(map.length);
  const found = [];
  for (let start = 0; start < map.length; ++start) {
    if (seen[start] || map[start] <= threshold) continue;
    const stack = [start], outline = [];
    seen[start] = 1;
    while (stack.length > 0) {
      const at = stack.pop();
      const x = at % width, y = (at - x) / width;
      let inside = 0;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); ++v)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); ++u) {
          const next = v * width + u;
          if (map[next] <= threshold) continue;
          ++inside;
          if (seen[next]) continue;
          seen[next] = 1;
          stack.push(next);
        }
      if (inside < 9) outline.push([x, y]);
    }
    found.push(outline);
  }
  return found;
}

const cross = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);

/** Andrew's monotone chain. */
export function convexHull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  if (sorted.length < 3) return sorted;
  const half = (list) => {
    const chain = [];
    for (const point of list) {
      while (chain.length >= 2 && cross(chain.at(-2), chain.at(-1), point) <= 0) chain.pop();
      chain.push(point);
    }
    chain.pop();
    return chain;
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

/** The rectangle of the smallest area around the points: one of its sides lies on the hull. {center, size: [w, h], axis: unit vector of w}. */
export function smallestRectangle(points) {
  const hull = convexHull(points);
  let best;
  hull.forEach((point, i) => {
    const next = hull[(i + 1) % hull.length];
    const length = Math.hypot(next[0] - point[0], next[1] - point[1]) || 1;
    const axis = hull.length < 3 && length === 1 ? [1, 0] : [(next[0] - point[0]) / length, (next[1] - point[1]) / length];
    let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
    for (const [x, y] of hull) {
      const along = x * axis[0] + y * axis[1], across = y * axis[0] - x * axis[1];
      left = Math.min(left, along);
      right = Math.max(right, along);
      top = Math.min(top, across);
      bottom = Math.max(bottom, across);
    }
    const area = (right - left) * (bottom - top);
    if (best !== undefined && area >= best.area) return;
    const along = (left + right) / 2, across = (top + bottom) / 2;
    best = { area, axis, size: [right - left, bottom - top], center: [along * axis[0] - across * axis[1], along * axis[1] + across * axis[0]] };
  });
  return best;
}

/** Larger on all sides by the distance that undoes the network's shrinking. */
function unclip({ center, axis, size: [w, h] }, ratio = UNCLIP) {
  const distance = (w * h * ratio) / (2 * (w + h));
  return { center, axis, size: [w + 2 * distance, h + 2 * distance] };
}

/** Corners, clockwise from the top left: the longer side is the line's direction, from left to right. */
function corners({ center: [x, y], axis, size }) {
  let [ux, uy] = axis, [w, h] = size;
  if (w < h) [ux, uy, w, h] = [-uy, ux, h, w];
  // Upright lines are read from the top.
  if (ux < 0 || (Math.abs(ux) < 1e-6 && uy < 0)) [ux, uy] = [-ux, -uy];
  const corner = (along, across) => [x + (along * w * ux) / 2 - (across * h * uy) / 2, y + (along * w * uy) / 2 + (across * h * ux) / 2];
  return [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
}

/** The mean of the map over a box. */
function scoreOf(map, width, height, box) {
  const xs = box.map(([x]) => x), ys = box.map(([, y]) => y);
  let sum = 0, count = 0;
  for (let y = Math.max(0, Math.floor(Math.min(...ys))); y <= Math.min(height - 1, Math.ceil(Math.max(...ys))); ++y)
    for (let x = Math.max(0, Math.floor(Math.min(...xs))); x <= Math.min(width - 1, Math.ceil(Math.max(...xs))); ++x) {
      if (!box.every((corner, i) => cross(corner, box[(i + 1) % 4], [x, y]) >= -1e-6)) continue;
      sum += map[y * width + x];
      ++count;
    }
  return count === 0 ? 0 : sum / count;
}

/** Boxes of the lines in a map, from the top to the bottom, then from the left to the right. */
export function findBoxes(map, width, height) {
  const found = [];
  for (const outline of components(map, width, height)) {
    const rectangle = smallestRectangle(outline);
    if (Math.min(...rectangle.size) < LEAST_SIDE - 1) continue;
    const score = scoreOf(map, width, height, corners(rectangle));
    const larger = unclip(rectangle);
    if (score >= BOX_SCORE && Math.min(...larger.size) >= LEAST_SIDE + 2) found.push({ box: corners(larger), score });
  }
  const top = ({ box }) => Math.min(...box.map(([, y]) => y)), left = ({ box }) => Math.min(...box.map(([x]) => x));
  const lineHeight = ({ box }) => Math.hypot(box[3][0] - box[0][0], box[3][1] - box[0][1]);
  return found.sort((a, b) => (Math.abs(top(a) - top(b)) < Math.min(lineHeight(a), lineHeight(b)) / 2 ? left(a) - left(b) : top(a) - top(b)));
}
