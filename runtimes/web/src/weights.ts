import { LoadError } from "./errors.js";
import { chunks, refuse, type Opened } from "./files.js";
import type { Variant } from "./manifest.js";

/** Readers of safetensors allow headers up to 100 MB. */
const headerLimit = 100_000_000n;

/** Copies the file's data part to its places in memory as it arrives; the file as a whole is never held. */
export async function copyWeights(
  opened: Opened,
  segments: Variant["weights"],
  dataBytes: number,
  memory: Uint8Array,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const head = new Uint8Array(8);
  let position = 0;
  let dataStart = 0;
  let first = 0;

  // [from, to) of the data part is in `piece` at `skip`.
  const copy = (piece: Uint8Array, skip: number, from: number, to: number): void => {
    while (first < segments.length && segments[first]![0] + segments[first]![2] <= from) ++first;
    for (let i = first; i < segments.length && segments[i]![0] < to; ++i) {
      const [offset, address, bytes] = segments[i]!;
      const begin = Math.max(offset, from);
      const end = Math.min(offset + bytes, to);
      if (begin < end) memory.set(piece.subarray(skip + begin - from, skip + end - from), address + begin - offset);
    }
  };

  for await (const piece of chunks(opened, signal)) {
    for (let i = 0; i < piece.length && position + i < 8; ++i) head[position + i] = piece[i]!;
    const end = position + piece.length;
    if (dataStart === 0 && end >= 8) {
      const header = new DataView(head.buffer).getBigUint64(0, true);
      if (header > headerLimit) refuse(opened, "model.weights (safetensors)", head);
      dataStart = 8 + Number(header);
    }
    if (dataStart > 0 && end > dataStart) {
      const from = Math.max(position, dataStart);
      copy(piece, from - position, from - dataStart, end - dataStart);
    }
    position = end;
    onBytes(piece.length);
  }
  const got = Math.max(0, position - dataStart);
  if (dataStart === 0 || got !== dataBytes)
    throw new LoadError(
      got < dataBytes ? "truncated" : "mismatch",
      `${opened.label} holds ${got} bytes of weights, the model has ${dataBytes}: it is ${got < dataBytes ? "truncated" : "not of this model"}`,
    );
}
