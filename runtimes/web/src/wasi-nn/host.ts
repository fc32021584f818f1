import { errno, NnError, refuse, shown } from "./errors.js";
import type { Limits, Session } from "./session.js";
import { readOptions, type TokenOptions } from "./tokens.js";
import { dtypeOf } from "./types.js";

const mostDims = 255;

/** The module wasi_ephemeral_nn for one guest: the twin of runtimes/nn/witx.cpp, in which the rules stand. */
export class Host {
  readonly #session: Session;
  readonly #limits: Limits;
  readonly #memory: () => WebAssembly.Memory;

  constructor(session: Session, memory: () => WebAssembly.Memory) {
    this.#session = session;
    this.#limits = session.limits;
    this.#memory = memory;
  }

  /** What a guest imports. Parameters are i32, and so is the one result. */
  imports(): Record<string, (...parameters: number[]) => number> {
    const bodies: Record<string, (...parameters: number[]) => void> = {
      load: (builders, count, encoding, target, out) => this.#made(out!, () => this.#load(builders!, count!, encoding!, target!)),
      load_by_name: (name, length, out) => this.#made(out!, () => this.#loadByName(name!, length!)),
      load_by_name_with_config: (name, length, config, configLength, out) =>
        this.#made(out!, () => {
          const options = readOptions(this.#text(config!, configLength!, this.#limits.configBytes, "the configuration"), (keys) =>
            this.#session.log(`load_by_name_with_config: keys that weft has nothing for are ignored: ${keys.map(shown).join(", ")}`));
          return this.#loadByName(name!, length!, options);
        }),
      init_execution_context: (graph, out) => this.#made(out!, () => this.#session.init(graph!)),
      set_input: (context, index, tensor) => this.#setInput(context!, index!, tensor!),
      compute: (context) => this.#session.compute(context!),
      get_output: (context, index, buffer, size, written) => this.#copyOutput(context!, index!, buffer!, size!, written!, ({ instance }) => instance.output(index!).data),
      compute_single: (context) => this.#session.computeSingle(context!),
      get_output_single: (context, index, buffer, size, written) => this.#copyOutput(context!, index!, buffer!, size!, written!, (context) => this.#session.token(context, index!)),
      fini_single: (context) => this.#session.finiSingle(context!),
      finalize_execution_context: (context) => this.#session.finalize(context!),
      unload: (graph) => this.#session.unload(graph!),
    };
    return Object.fromEntries(Object.entries(bodies).map(([name, body]) => [name, (...parameters) => this.#answer(name, () => body(...parameters.map((value) => value >>> 0)))]));
  }

  #answer(name: string, body: () => void): number {
    const memory = this.#memory();
    if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("wasi-nn: call bind(instance) before the guest starts");
    try {
      this.#session.call(name, body);
      return errno.success;
    } catch (error) {
      if (error instanceof NnError) return errno[error.code];
      throw error;
    }
  }

  // The guest's memory: every access goes through here, and views are not kept from one call to the next.
  #view(pointer: number, length: number, what: string): Uint8Array {
    const { buffer } = this.#memory();
    if (pointer + length > buffer.byteLength) refuse("invalid_argument", `${what}: ${length} bytes at ${pointer} are not in the memory, which has ${buffer.byteLength}`);
    return new Uint8Array(buffer, pointer, length);
  }

  #words(pointer: number, count: number, what: string): number[] {
    const { buffer, byteOffset, byteLength } = this.#view(pointer, 4 * count, what);
    const view = new DataView(buffer, byteOffset, byteLength);
    return Array.from({ length: count }, (_, i) => view.getUint32(4 * i, true));
  }

  #write(pointer: number, value: number): void {
    new DataView(this.#memory().buffer).setUint32(pointer, value, true);
  }

  #text(pointer: number, length: number, most: number, what: string): string | undefined {
    const bytes = this.#view(pointer, length, what);
    if (length > most) refuse("missing_memory", `${what} has ${length} bytes, and this host takes ${most}`);
    try {
      // A decoder takes no shared memory.
      return new TextDecoder("utf-8", { ignoreBOM: true, fatal: true }).decode(bytes.slice());
    } catch {
      return undefined;
    }
  }

  /** Checks that the result has a place before anything is done. */
  #made(out: number, make: () => number): void {
    this.#view(out, 4, "the place for the handle");
    this.#write(out, make());
  }

  #load(pointer: number, count: number, encoding: number, target: number): number {
    this.#view(pointer, 8 * count, "the array of builders");
    if (count > this.#limits.parts) refuse("missing_memory", `a model of ${count} parts, and this host takes ${this.#limits.parts}`);
    const builders = this.#words(pointer, 2 * count, "the array of builders");
    return this.#session.load(Array.from({ length: count }, (_, i) => this.#view(builders[2 * i]!, builders[2 * i + 1]!, `builder ${i}`)), encoding, target);
  }

  #loadByName(pointer: number, length: number, options?: TokenOptions): number {
    return this.#session.loadByName(this.#text(pointer, length, this.#limits.nameBytes, "the name"), options);
  }

  /** tensor: {dimensions, their count, type u8 and three bytes of anything, data, its bytes} */
  #setInput(handle: number, index: number, pointer: number): void {
    const [dimsAt, rank, type, dataAt, size] = this.#words(pointer, 5, "the tensor") as [number, number, number, number, number];
    this.#view(dimsAt, 4 * rank, "the tensor's dimensions");
    if (rank > mostDims) refuse("invalid_argument", `a tensor of ${rank} dimensions`);
    const dims = this.#words(dimsAt, rank, "the tensor's dimensions");
    const data = this.#view(dataAt, size, "the tensor's data");
    const dtype = dtypeOf(type & 255, dims, size);
    this.#session.setInput(handle, index, { dtype, dims, data });
  }

  #copyOutput(handle: number, index: number, buffer: number, size: number, written: number, read: (context: ReturnType<Session["context"]>) => Uint8Array): void {
    this.#view(written, 4, "the place for the number of bytes");
    const into = this.#view(buffer, size, "the output buffer");
    const output = read(this.#session.context(handle));
    const fits = output.length <= size;
    if (fits) into.set(output);
    // Last, so that it holds where a guest lets the two overlap.
    this.#write(written, output.length);
    if (!fits) refuse("too_large", `output ${index} has ${output.length} bytes, and the buffer ${size}`);
  }
}
