import { elements, kinds } from "../dtypes.js";
import { pageBytes, type Choice, type Manifest } from "../manifest.js";
import { messageOf } from "../network.js";
import type { TensorInfo } from "../types.js";
import { NnError, refuse } from "./errors.js";
import { carries, type Tensor } from "./types.js";

/** A compiled model, shared by its instances. */
export interface CompiledModel {
  readonly manifest: Manifest;
  readonly choice: Choice;
  readonly module: WebAssembly.Module;
  /** The data part of model.weights. */
  readonly weights: Uint8Array;
}

/** Counts the bytes of the instances of a guest; throws missing_memory. */
export type Charge = (bytes: number) => void;

/** The node of the check that holds states to their greatest extents. */
const stateNode = "--state";
const done = 0, outOfRange = 1, failed = 4, load = 5;
const recordBytes = 32;
/** The input that says whether a run begins with fresh states (docs/bundle.md): the host's to set, and no port that a guest sees. */
const resetInput = "state.reset";
/** The inputs that a guest sets, among all. */
export const seen = ({ inputs }: Manifest): number[] => [...inputs.keys()].filter((i) => inputs[i]!.name !== resetInput);

/** One instance of a model, on the CPU and without a promise anywhere: a guest's call waits for it. */
export class Instance {
  readonly #model: CompiledModel;
  readonly #memory: WebAssembly.Memory;
  readonly #step: (context: number, budget: number) => number;
  readonly #charge: Charge;
  #charged = 0;
  readonly #inputs: (Tensor | undefined)[];
  #outputs: { readonly addresses: readonly number[]; readonly shapes: readonly (readonly number[])[] } | undefined;
  #runs = 0;

  constructor(model: CompiledModel, charge: Charge) {
    const { manifest, choice: { variant }, module, weights } = model;
    this.#model = model;
    this.#charge = charge;
    this.#inputs = manifest.inputs.map(() => undefined);
    const { pages, initial = pages } = variant.memory;
    this.#pay(initial * pageBytes);
    try {
      this.#memory = new WebAssembly.Memory({ initial, maximum: pages });
      const instance = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
      this.#step = instance.exports["step"] as (context: number, budget: number) => number;
      for (const [offset, address, bytes] of variant.weights) new Uint8Array(this.#memory.buffer, address, bytes).set(weights.subarray(offset, offset + bytes));
      this.#execute("prepare");
    } catch (cause) {
      this.free();
      throw cause instanceof RangeError ? new NnError("missing_memory", `cannot have ${initial * pageBytes} bytes of memory: ${cause.message}`, cause) : cause;
    }
  }

  free(): void {
    this.#charge(-this.#charged);
    this.#charged = 0;
  }

  #pay(bytes: number): void {
    if (bytes <= this.#charged) return;
    this.#charge(bytes - this.#charged);
    this.#charged = bytes;
  }

  #execute(entry: string): void {
    const { manifest, choice: { variant }, weights } = this.#model;
    const { context } = variant;
    const records = variant.entries.find(({ name }) => name === entry)?.records;
    if (records === undefined) return;
    const words = new DataView(this.#memory.buffer);
    new Uint8Array(this.#memory.buffer, context, 24).fill(0);
    words.setUint32(context, records, true);
    for (;;) {
      const result = this.#call();
      if (result === done) return;
      if (result === load) {
        const record = words.getUint32(context, true) - recordBytes;
        const word = (i: number): number => words.getUint32(record + 4 * i, true);
        const from = word(3) + word(4) * 2 ** 32;
        new Uint8Array(this.#memory.buffer, word(1), word(2)).set(weights.subarray(from, from + word(2)));
      } else if (result === failed && words.getInt32(context + 8, true) === outOfRange) {
        const int = (at: number): number => words.getInt32(context + at, true);
        const tensor = manifest.nodes[words.getInt32(int(0) + 28, true)];
        const node = manifest.nodes[int(12)]!;
        refuse(node === stateNode ? "context_full" : "runtime_error", `node ${node}: expected ${tensor} = ${int(24)}..${int(28)}, got ${words.getBigInt64(context + 16, true)}`);
      } else if (result !== 1) refuse("runtime_error", `the model's code asks for what this host does not have (${result})`);
    }
  }

  #call(): number {
    try {
      return this.#step(this.#model.choice.variant.context, 0);
    } catch (cause) {
      throw new NnError("runtime_error", `the model's code trapped: ${messageOf(cause)}`, cause);
    }
  }

  /** Copies the tensor; outputs stay as they are. */
  setInput(index: number, tensor: Tensor): void {
    const { manifest } = this.#model, ports = seen(manifest);
    const port = ports[index] ?? refuse("invalid_argument", `input ${index} of a model that has ${ports.length}`);
    const info = manifest.inputs[port]!;
    if (!carries(tensor.dtype, info.dtype) || !this.#takes(info, tensor.dims))
      refuse("invalid_argument", `input ${index} "${info.name}" is ${info.dtype}[${(info.dims ?? info.shape).join(", ")}], and the tensor ${tensor.dtype}[${tensor.dims.join(", ")}]`);
    if (tensor.data.length !== elements(tensor.dims) * kinds[info.dtype].bytes) refuse("invalid_argument", `input ${index} "${info.name}": ${tensor.data.length} bytes for ${tensor.dtype}[${tensor.dims.join(", ")}]`);
    const data = tensor.data.slice();
    if (info.dtype === "boolean") data.forEach((byte, i) => (data[i] = byte === 0 ? 0 : 1));
    this.#inputs[port] = { dtype: info.dtype, dims: tensor.dims, data };
  }

  #takes({ shape, dims }: TensorInfo, given: readonly number[]): boolean {
    const { symbols = [] } = this.#model.manifest;
    if (given.length !== shape.length) return false;
    return given.every((extent, i) => {
      const symbol = symbols.find(({ name }) => name === dims?.[i]);
      if (symbol === undefined) return dims === undefined || /^\d+$/.test(dims[i]!) ? extent === shape[i] : extent <= shape[i]!;
      return extent >= symbol.min && extent <= symbol.max && extent % symbol.step === 0;
    });
  }

  /** States begin anew with the next run. */
  reset(): void {
    this.#runs = 0;
  }

  /** Throws where an input is not set, but for the one that is given. */
  ready(except?: number): void {
    const { inputs } = this.#model.manifest;
    seen(this.#model.manifest).forEach((port, i) => this.#inputs[port] ?? (i === except || refuse("invalid_argument", `input ${i} "${inputs[port]!.name}" is not set`)));
  }

  unset(index: number): void {
    this.#inputs[seen(this.#model.manifest)[index]!] = undefined;
  }

  compute(): void {
    this.ready();
    const { inputs } = this.#model.manifest;
    const reset = inputs.findIndex(({ name }) => name === resetInput);
    const fresh: Tensor = { dtype: "boolean", dims: inputs[reset]?.shape ?? [], data: new Uint8Array([this.#runs === 0 ? 1 : 0]) };
    const feed = this.#inputs.map((tensor, i) => (i === reset ? fresh : tensor!));
    this.#outputs = undefined;
    const places = this.#resize(this.#extents(feed));
    const bytes = new Uint8Array(this.#memory.buffer);
    feed.forEach(({ data }, i) => bytes.set(data, places[i]!));
    this.#execute("run");
    ++this.#runs;
    this.#outputs = { addresses: places.slice(feed.length), shapes: this.#shapes() };
  }

  /** Of the model's dimensions, in steps; inputs must agree on them. */
  #extents(feed: readonly Tensor[]): number[] {
    const { symbols = [], inputs } = this.#model.manifest;
    const values = new Map<string, number>();
    inputs.forEach(({ name, dims }, i) =>
      dims?.forEach((dim, axis) => {
        const extent = feed[i]!.dims[axis]!;
        if (!symbols.some((symbol) => symbol.name === dim)) return;
        const before = values.get(dim) ?? extent;
        if (before !== extent) refuse("invalid_argument", `input "${name}" has ${dim} = ${extent}, and another input ${before}`);
        values.set(dim, extent);
      }));
    return symbols.map(({ name, min, step }) => (values.get(name) ?? min) / step);
  }

  /** Tells the module its dimensions. Returns where inputs and outputs lie. */
  #resize(extents: readonly number[]): readonly number[] {
    const { symbols, places, inputs, outputs } = this.#model.choice.variant;
    const fixed = [...inputs, ...outputs];
    if (extents.length === 0) return fixed;
    const words = new Uint32Array(this.#memory.buffer);
    words.set(extents, symbols! / 4);
    this.#execute("resize");
    if (places === undefined) return fixed;
    const [need = 0, ...moved] = words.subarray(places / 4, places / 4 + 1 + fixed.length);
    this.#pay(need);
    const more = Math.ceil((need - this.#memory.buffer.byteLength) / pageBytes);
    try {
      if (more > 0) this.#memory.grow(more);
    } catch (cause) {
      throw new NnError("missing_memory", `cannot have ${need} bytes of memory: ${messageOf(cause)}`, cause);
    }
    return moved;
  }

  #shapes(): readonly (readonly number[])[] {
    let at = this.#model.choice.variant.answers;
    const { outputs } = this.#model.manifest;
    if (at === undefined) return outputs.map(({ shape }) => shape);
    const words = new DataView(this.#memory.buffer);
    return outputs.map(({ shape }) => shape.map(() => words.getUint32((at! += 4) - 4, true)));
  }

  /** An output of the last run; its bytes as long as the next one has not begun. */
  output(index: number): Tensor {
    const { outputs } = this.#model.manifest;
    const { dtype } = outputs[index] ?? refuse("invalid_argument", `output ${index} of a model that has ${outputs.length}`);
    const { addresses, shapes } = this.#outputs ?? refuse("runtime_error", "there are no outputs: no compute() succeeded before");
    const dims = shapes[index]!;
    return { dtype, dims, data: new Uint8Array(this.#memory.buffer, addresses[index]!, elements(dims) * kinds[dtype].bytes) };
  }
}
