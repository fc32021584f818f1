// Pictures of any size -> RGBA bytes of the input's size. All but the decoding is done here, and not by a canvas: browsers scale differently.
import type { PictureFitting, PictureSource } from "../types.js";

export interface Pixels {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

type Context = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

/** RGBA bytes of a picture; undefined where there is no canvas to get them by, or it is empty yet. */
export function pixelsOf(source: PictureSource): Pixels | undefined {
  const any = source as { data?: Uint8ClampedArray; displayWidth?: number; displayHeight?: number; videoWidth?: number; videoHeight?: number; naturalWidth?: number; naturalHeight?: number; width?: number; height?: number };
  const width = any.displayWidth ?? any.videoWidth ?? any.naturalWidth ?? any.width ?? 0;
  const height = any.displayHeight ?? any.videoHeight ?? any.naturalHeight ?? any.height ?? 0;
  if (!(width > 0 && height > 0)) return undefined;
  if (ArrayBuffer.isView(any.data)) return any.data.length === width * height * 4 ? { data: any.data, width, height } : undefined;
  const canvas =
    typeof OffscreenCanvas === "function" ? new OffscreenCanvas(width, height)
    : typeof document === "object" ? Object.assign(document.createElement("canvas"), { width, height })
    : undefined;
  const context = canvas?.getContext("2d", { willReadFrequently: true }) as Context | null | undefined;
  if (!context) return undefined;
  context.drawImage(source as CanvasImageSource, 0, 0);
  return context.getImageData(0, 0, width, height);
}

interface Taps {
  /** First source element and weights, for each element of the result; -1: outside of the picture. */
  readonly first: Int32Array;
  readonly count: number;
  readonly weights: Float32Array;
}

/** The triangle filter, as wide as the step when that is larger than 1 (as Pillow's and torchvision's antialiased bilinear). */
function taps(size: number, start: number, step: number, extent: number): Taps {
  const reach = Math.max(1, step);
  const count = Math.ceil(reach * 2) + 1;
  const first = new Int32Array(size), weights = new Float32Array(size * count);
  for (let i = 0; i < size; ++i) {
    const center = start + (i + 0.5) * step;
    if (center < 0 || center > extent) {
      first[i] = -1;
      continue;
    }
    const from = (first[i] = Math.max(0, Math.ceil(center - reach - 0.5)));
    let sum = 0;
    for (let t = 0; t < count && from + t < extent; ++t) sum += weights[i * count + t] = Math.max(0, 1 - Math.abs(from + t + 0.5 - center) / reach);
    for (let t = 0; t < count; ++t) weights[i * count + t]! /= sum;
  }
  return { first, count, weights };
}

/** RGBA bytes of `height` rows and `width` columns. */
export function resample({ data, width: sourceWidth, height: sourceHeight }: Pixels, width: number, height: number, { fit, side, pad }: PictureFitting): Uint8Array {
  const across = sourceWidth / width, down = sourceHeight / height;
  const step = fit === "contain" ? Math.max(across, down) : side ? Math.min(sourceWidth, sourceHeight) / side : Math.min(across, down);
  const axis = (size: number, extent: number, whole: number): Taps =>
    fit === "fill" ? taps(size, 0, whole, extent) : taps(size, (extent - size * step) / 2, step, extent);
  const columns = axis(width, sourceWidth, across), rows = axis(height, sourceHeight, down);

  const out = new Uint8Array(width * height * 4);
  const line = new Float32Array(sourceWidth * 3);
  for (let y = 0; y < height; ++y) {
    const top = rows.first[y]!;
    line.fill(0);
    for (let t = 0; top >= 0 && t < rows.count && top + t < sourceHeight; ++t) {
      const weight = rows.weights[y * rows.count + t]!;
      if (weight === 0) continue;
      let from = (top + t) * sourceWidth * 4;
      for (let i = 0; i < line.length; i += 3, from += 4) {
        line[i]! += weight * data[from]!;
        line[i + 1]! += weight * data[from + 1]!;
        line[i + 2]! += weight * data[from + 2]!;
      }
    }
    for (let x = 0; x < width; ++x) {
      const to = (y * width + x) * 4, left = columns.first[x]!;
      out[to + 3] = 255;
      for (let c = 0; c < 3; ++c) {
        let sum = 0;
        for (let t = 0; t < columns.count && left + t < sourceWidth; ++t) sum += columns.weights[x * columns.count + t]! * line[(left + t) * 3 + c]!;
        out[to + c] = top < 0 || left < 0 ? pad[c]! : Math.round(sum);
      }
    }
  }
  return out;
}
