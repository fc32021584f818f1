import { LoadError } from "./errors.js";
import { refuse, type Opened } from "./files.js";

/** Readers of safetensors allow headers up to 100 MB. */
const headerLimit = 100_000_000n;

/** The data part of model.weights, read once from its start to its end: the file as a whole is never held. */
export class Weights {
  /** For messages; what comes from a cache is right. */
  readonly #opened: () => Opened;
  readonly #bytes: number;
  readonly #pieces: AsyncGenerator<Uint8Array>;
  readonly #onBytes: (bytes: number) => void;
  /** What has arrived last, without the header, and where in the data part it begins. */
  #piece: Uint8Array = new Uint8Array();
  #begin = 0;
  readonly #head = new Uint8Array(8);
  #position = 0;
  #dataStart = 0;

  constructor(pieces: AsyncGenerator<Uint8Array>, opened: () => Opened, bytes: number, onBytes: (bytes: number) => void) {
    this.#pieces = pieces;
    this.#opened = opened;
    this.#bytes = bytes;
    this.#onBytes = onBytes;
  }

  /** Waits until something is there. */
  async begin(): Promise<void> {
    await this.#next();
  }

  get complete(): boolean {
    return this.#dataStart > 0 && this.#position - this.#dataStart === this.#bytes;
  }

  /** Copies what begins at `offset`, which may not lie before what was copied last. */
  async copy(offset: number, target: Uint8Array): Promise<void> {
    for (let done = 0; done < target.length; ) {
      const at = offset + done - this.#begin;
      if (at < 0) throw new LoadError("mismatch", `${this.#opened().label} is not read in its order`);
      const part = this.#piece.subarray(at, at + target.length - done);
      target.set(part, done);
      done += part.length;
      if (done < target.length && !(await this.#next())) this.#wrongSize();
    }
  }

  /** Reads what is left. */
  async end(): Promise<void> {
    while (await this.#next());
    if (!this.complete) this.#wrongSize();
  }

  async #next(): Promise<boolean> {
    const { done, value: piece } = await this.#pieces.next();
    if (done) return false;
    const from = this.#position;
    const end = (this.#position += piece.length);
    for (let i = from; i < 8 && i < end; ++i) this.#head[i] = piece[i - from]!;
    if (this.#dataStart === 0 && end >= 8) {
      const header = new DataView(this.#head.buffer).getBigUint64(0, true);
      if (header > headerLimit) refuse(this.#opened(), "model.weights (safetensors)", this.#head);
      this.#dataStart = 8 + Number(header);
    }
    if (this.#dataStart > 0) {
      this.#begin = Math.max(0, from - this.#dataStart);
      this.#piece = piece.subarray(Math.max(0, this.#dataStart - from));
    }
    this.#onBytes(piece.length);
    return true;
  }

  #wrongSize(): never {
    const got = this.#dataStart && Math.max(0, this.#position - this.#dataStart);
    const truncated = got < this.#bytes;
    throw new LoadError(
      truncated ? "truncated" : "mismatch",
      `${this.#opened().label} holds ${got} bytes of weights, the model has ${this.#bytes}: it is ${truncated ? "truncated" : "not of this model"}`,
    );
  }
}
