import { elements, kinds } from "./dtypes.js";
import { InputError, RuntimeError, WeftError } from "./errors.js";
import { pageBytes, type Choice, type Manifest } from "./manifest.js";
import { messageOf } from "./network.js";
import type { Dimension, Model, ModelInfo, RunOptions, StatementTiming, TensorInfo, TensorLike, TypedArray } from "./types.js";

/** What step() returns. */
const stepResult = { done: 0, yield: 1, error: 4, load: 5 } as const;
const customResult = 3;
const outOfRange = 1;
/** Opcodes of records; 0 is the end. */
const statementKinds = STRINGS ? ([, "call", "fill", "copy", , "loop", "loop", "custom"] as const) : ([, "call", "fill", "copy", , "loop", "loop"] as const);
export const recordBytes = 32;
/** How long a run with a signal keeps the thread. */
const sliceMs = 8;

/** Lets timers, input and aborts have their turn; unlike setTimeout, it is not held back to 4 ms. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof MessageChannel !== "function") return void setTimeout(resolve, 0);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** Copies what begins at an offset of the weights. */
type WeightsSource = (offset: number, target: Uint8Array) => Promise<void>;

/** One instance of a module: starts entries and steps them to their end. */
export class Machine {
  readonly #step: (context: number, budget: number) => number;
  readonly memory: WebAssembly.Memory;
  readonly #choice: Choice;
  readonly #nodes: readonly string[];
  disposed = false;
  /** With strings: does the custom statement whose record lies in front of the next one. */
  declare act: () => void;

  constructor(instance: WebAssembly.Instance, memory: WebAssembly.Memory, choice: Choice, nodes: readonly string[]) {
    this.#step = instance.exports["step"] as (context: number, budget: number) => number;
    this.memory = memory;
    this.#choice = choice;
    this.#nodes = nodes;
  }

  #start(entry: string): boolean {
    const { context, entries } = this.#choice.variant;
    const records = entries.find(({ name }) => name === entry)?.records;
    if (records === undefined) return false;
    const { buffer } = this.memory;
    new Uint8Array(buffer, context, 24).fill(0);
    new DataView(buffer).setUint32(context, records, true);
    return true;
  }

  #call(budget: number): number {
    let result: number;
    try {
      result = this.#step(this.#choice.variant.context, budget);
    } catch (cause) {
      throw new RuntimeError("trap", `the model's code trapped: ${messageOf(cause)}`, undefined, undefined, cause);
    }
    if (result === stepResult.error) this.#fail();
    if (STRINGS && result === customResult) return result;
    if (result !== stepResult.done && result !== stepResult.yield && result !== stepResult.load)
      throw new RuntimeError("step", `the model's code asks for what this runtime does not have (${result})`);
    return result;
  }

  /** Brings the part of the weights that the last record asks for. */
  async #load(source: WeightsSource | undefined): Promise<void> {
    const { buffer } = this.memory;
    const words = new DataView(buffer);
    const record = words.getUint32(this.#choice.variant.context, true) - recordBytes;
    const word = (i: number): number => words.getUint32(record + 4 * i, true);
    if (source === undefined) throw new RuntimeError("step", "the model's code asks for weights outside of prepare");
    await source(word(3) + word(4) * 2 ** 32, new Uint8Array(buffer, word(1), word(2)));
  }

  /** Throws what the error cell says, if it is known. */
  #fail(): void {
    const words = new DataView(this.memory.buffer);
    const { context } = this.#choice.variant;
    const word = (at: number): number => words.getInt32(at, true);
    if (word(context + 8) !== outOfRange) return;
    const node = this.#nodes[word(context + 12)];
    const value = words.getBigInt64(context + 16, true);
    // The record that failed names the tensor.
    throw new RuntimeError("out_of_range", `node ${node}: expected ${this.#nodes[word(word(context) + 28)]} = ${word(context + 24)}..${word(context + 28)}, got ${value}`, node, value);
  }

  /** Runs an entry to its end. Without a signal there is no await before that. */
  async execute(entry: string, signal: AbortSignal | undefined, weights?: WeightsSource): Promise<void> {
    if (!this.#start(entry)) return;
    if (signal === undefined) {
      for (let result; (result = this.#call(0)) !== stepResult.done; )
        if (result === stepResult.load) await this.#load(weights);
        else if (STRINGS && result === customResult) this.act();
      return;
    }
    // Calls differ in length; follow them so that a slice takes about sliceMs.
    let budget = 4;
    let sliceEnd = performance.now() + sliceMs;
    for (let from = performance.now(), result; (result = this.#call(budget)) !== stepResult.done; ) {
      if (result === stepResult.load) {
        await this.#load(weights);
        from = performance.now();
        continue;
      }
      if (STRINGS && result === customResult) this.act();
      const now = performance.now();
      if (now >= sliceEnd) {
        await pause();
        signal.throwIfAborted();
        this.checkLive();
        sliceEnd = performance.now() + sliceMs;
      }
      budget = Math.max(1, Math.min(1 << 20, Math.round((budget * sliceMs) / 4 / Math.max(0.01, now - from)), budget * 4));
      from = performance.now();
    }
  }

  resize(): void {
    this.#start("resize");
    this.#call(0);
  }

  /** Makes the memory at least so large. */
  grow(bytes: number): void {
    const more = Math.ceil((bytes - this.memory.buffer.byteLength) / pageBytes);
    try {
      if (more > 0) this.memory.grow(more);
    } catch (cause) {
      throw new RuntimeError("memory", `cannot have ${bytes} bytes of memory: ${messageOf(cause)}`);
    }
  }

  /** Runs an entry statement by statement: while one runs, an end stands behind it. One that may jump counts as a call, and step returns behind it. */
  trace(entry: string, report: (statement: StatementTiming) => void): void {
    if (!this.#start(entry)) return;
    const words = new DataView(this.memory.buffer);
    const { context } = this.#choice.variant;
    for (let first = words.getUint32(context, true), record = first; ; record = words.getUint32(context, true)) {
      const kind = statementKinds[words.getUint32(record, true)];
      if (kind === undefined) return;
      const next = words.getUint32(record + recordBytes, true);
      words.setUint32(record + recordBytes, 0, true);
      let startMs, endMs;
      try {
        startMs = performance.now();
        if (STRINGS && this.#call(+(kind === "loop")) === customResult) this.act();
        else if (!STRINGS) this.#call(+(kind === "loop"));
        endMs = performance.now();
      } finally {
        words.setUint32(record + recordBytes, next, true);
      }
      report({ index: (record - first) / recordBytes, kind, node: this.#nodes[words.getUint32(record + 24, true)] ?? "", startMs, endMs });
    }
  }

  checkLive(): void {
    if (this.disposed) throw new WeftError("disposed", "the model has been disposed of");
  }
}

const shown = ({ dtype, shape, dims }: TensorInfo): string => `${dtype} [${(dims ?? shape).join(", ")}]`;

const quote = (names: readonly TensorInfo[]): string =>
  names.map((info) => `"${info.name}" (${shown(info)})`).join(", ") || "none";

const isTypedArray = (value: unknown): value is TypedArray => ArrayBuffer.isView(value) && !(value instanceof DataView);

function describe(value: unknown): string {
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  const tag = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  return typeof tag === "string" ? tag : (value.constructor?.name ?? "object");
}

const isWide = (dtype: string): dtype is "i64" | "u64" => dtype === "i64" || dtype === "u64";

/** Numbers as 64-bit integers. */
function widen(name: string, dtype: "i64" | "u64", numbers: ArrayLike<unknown>): TypedArray {
  const least = dtype === "u64" ? 0 : Number.MIN_SAFE_INTEGER;
  const big = Array.from(numbers, (v) => {
    if (!Number.isSafeInteger(v) || (v as number) < least) throw new InputError("value", `input "${name}": ${String(v)} is not a safe integer of the type ${dtype}`);
    return BigInt(v as number);
  });
  return dtype === "u64" ? BigUint64Array.from(big) : BigInt64Array.from(big);
}

/** 64-bit integers as numbers. */
function narrow(name: string, values: BigInt64Array | BigUint64Array): Float64Array {
  return Float64Array.from(values as Iterable<bigint> & ArrayLike<bigint>, (v: bigint) => {
    const number = Number(v);
    if (!Number.isSafeInteger(number)) throw new RuntimeError("unsafe_integer", `output "${name}": ${v} is not a safe integer; load with int64: "bigint"`, undefined, v);
    return number;
  });
}

/** The shape of an input: its own where it says one, else what other inputs and its number of elements leave open. */
type Shapes = (info: TensorInfo, given: readonly number[] | undefined, length: number) => readonly number[];

/** Learns from each input what the model's dimensions are. */
const shapesOf = (dimensions: readonly Dimension[], values: Map<string, number>): Shapes => ({ name, shape, dims }, given, length) => {
  const known = (dim: string): number | undefined => values.get(dim) ?? (/^\d/.test(dim) ? +dim : undefined);
  const bind = (dim: string, extent: number): void => {
    const { min, max, step } = dimensions.find((dimension) => dimension.name === dim)!;
    // NaN is none of them.
    if (!(extent >= min && extent <= max && extent % step === 0)) throw new InputError("shape", `input "${name}": expected ${dim} = ${min}..${max}:${step}, got ${extent}`);
    values.set(dim, extent);
  };
  if (!dims) return shape;
  const open = dims.filter((dim) => known(dim) === undefined);
  if (given) dims.forEach((dim, i) => known(dim) ?? bind(dim, given[i]!));
  else if (open[1]) throw new InputError("shape", `input "${name}": expected { data, shape }`);
  else if (open[0]) bind(open[0], length / elements(dims.map((dim) => known(dim) ?? 1)));
  return dims.map((dim) => known(dim)!);
};

/** The bytes of one input, after all checks. With `numbers`, 64-bit integers may come as numbers. */
function inputBytes(info: TensorInfo, value: unknown, numbers: boolean, shapes: Shapes): Uint8Array {
  const { name, dtype } = info;
  const fail = (code: string, expected: string, got: string): never => {
    throw new InputError(code, `input "${name}": expected ${expected}, got ${got}`);
  };
  const wrapped = typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && "data" in value;
  let data: unknown = wrapped ? value.data : value;
  const given: unknown = wrapped && "shape" in value ? value.shape : undefined;
  const { names } = kinds[dtype];
  const wanted = `${names[0]} (${shown(info)})`;
  if (numbers && isWide(dtype) && (Array.isArray(data) || (isTypedArray(data) && !/^Big/.test(data[Symbol.toStringTag])))) data = widen(name, dtype, data);
  if (!isTypedArray(data) || !names.includes(data[Symbol.toStringTag])) return fail("dtype", wanted, describe(data));
  const shape = shapes(info, Array.isArray(given) ? given : undefined, data.length);
  if (given !== undefined) {
    if (!Array.isArray(given) || given.length !== shape.length || given.some((extent, i) => extent !== shape[i]))
      fail("shape", `shape [${shape.join(", ")}]`, Array.isArray(given) ? `[${given.join(", ")}]` : describe(given));
  }
  const count = elements(shape);
  if (data.length !== count) fail("shape", `${count} elements of ${wanted}`, String(data.length));
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export function infoOf(manifest: Manifest, { variant, reason }: Choice): ModelInfo {
  const copy = (ports: readonly TensorInfo[]): readonly TensorInfo[] =>
    ports.map((port) => ({ ...port, shape: [...port.shape] }));
  return {
    name: manifest.name,
    generator: manifest.generator,
    abi: { ...manifest.abi },
    variant: variant.name,
    variantReason: reason,
    memoryBytes: variant.memory.pages * pageBytes,
    dimensions: manifest.symbols ?? [],
    inputs: copy(manifest.inputs),
    outputs: copy(manifest.outputs),
  };
}

/** A tensor where it lies in the memory. */
const view = (memory: { readonly buffer: ArrayBuffer }, { dtype }: TensorInfo, shape: readonly number[], address: number): TypedArray => kinds[dtype].make(memory.buffer, address, elements(shape));

/** Results tell their shape. */
export const shaped = (array: TypedArray, shape: readonly number[]): TypedArray => Object.defineProperty(array, "shape", { value: shape });

interface Feed {
  readonly data: readonly Uint8Array[];
  /** Of the model's dimensions, in steps. */
  readonly extents: readonly number[];
}

export class LoadedModel implements Model {
  readonly info: ModelInfo;
  #machine: Machine | undefined;
  readonly #choice: Choice;
  readonly #numbers: boolean;
  /** Settles when all runs so far have ended. */
  #last: Promise<unknown> = Promise.resolve();
  #runs = 0;

  constructor(machine: Machine, manifest: Manifest, choice: Choice, int64: "bigint" | "number" = manifest.int64 === "number" ? "number" : "bigint") {
    this.#numbers = int64 === "number";
    this.#machine = machine;
    this.#choice = choice;
    this.info = infoOf(manifest, choice);
  }

  input(name: string): TypedArray {
    const index = this.info.inputs.findIndex((info) => info.name === name);
    if (index < 0) throw new InputError("unknown_input", `unknown input "${name}"; the model's inputs: ${quote(this.info.inputs)}`);
    const info = this.info.inputs[index]!;
    const { places, inputs } = this.#choice.variant;
    const machine = this.#live();
    // What moves has no place to write to.
    const memory = places ? { buffer: new ArrayBuffer(elements(info.shape) * kinds[info.dtype].bytes) } : machine.memory;
    return view(memory, info, info.shape, places ? 0 : inputs[index]!);
  }

  async run(inputs: Record<string, TensorLike>, options: RunOptions = {}): Promise<Record<string, TypedArray>> {
    const { signal } = options;
    this.#live();
    signal?.throwIfAborted();
    let feed = this.#check(inputs);
    const before = this.#last;
    let finished = (): void => {};
    const mine = new Promise<void>((resolve) => (finished = resolve));
    this.#last = before.then(() => mine);
    try {
      if (this.#runs++ > 0) {
        // The caller may write to its arrays while this run waits.
        feed = { ...feed, data: feed.data.map((bytes) => bytes.slice()) };
        await untilAborted(before, signal);
      }
      return await this.#execute(feed, options);
    } finally {
      --this.#runs;
      finished();
    }
  }

  dispose(): void {
    if (this.#machine) this.#machine.disposed = true;
    this.#machine = undefined;
  }

  #live(): Machine {
    if (this.#machine === undefined) throw new WeftError("disposed", "the model has been disposed of");
    return this.#machine;
  }

  #check(inputs: Record<string, TensorLike>): Feed {
    const { inputs: infos } = this.info;
    if (typeof inputs !== "object" || inputs === null) throw new InputError("inputs", `expected an object of inputs, got ${describe(inputs)}`);
    for (const name of Object.keys(inputs))
      if (!infos.some((info) => info.name === name)) throw new InputError("unknown_input", `unknown input "${name}"; the model's inputs: ${quote(infos)}`);
    for (const { name } of infos)
      if (!Object.hasOwn(inputs, name) || inputs[name] === undefined)
        throw new InputError("missing_input", `missing input "${name}"; the model's inputs: ${quote(infos)}`);
    const { dimensions } = this.info;
    const values = new Map<string, number>();
    const shapes = shapesOf(dimensions, values);
    const data: Uint8Array[] = [];
    // Inputs that say their shape tell those that do not.
    for (const first of [true, false])
      infos.forEach((info, i) => {
        const value = inputs[info.name];
        if (((value as { shape?: unknown } | null)?.shape !== undefined) === first) data[i] = inputBytes(info, value, this.#numbers, shapes);
      });
    return { data, extents: dimensions.map(({ name, min, step }) => (values.get(name) ?? min) / step) };
  }

  /** The shapes of the outputs of a run that has ended. */
  #shapes(machine: Machine): readonly (readonly number[])[] {
    let at = this.#choice.variant.answers;
    const { outputs } = this.info;
    if (at === undefined) return outputs.map(({ shape }) => shape);
    const words = new DataView(machine.memory.buffer);
    return outputs.map(({ shape }) => shape.map(() => words.getUint32((at! += 4) - 4, true)));
  }

  /** Tells the module the dimensions, and grows its memory to what they take. Returns where inputs and outputs lie. */
  #resize(machine: Machine, extents: readonly number[]): readonly number[] {
    const { symbols, places, inputs, outputs } = this.#choice.variant;
    const fixed = [...inputs, ...outputs];
    if (!extents.length) return fixed;
    const words = new Uint32Array(machine.memory.buffer);
    words.set(extents, symbols! / 4);
    machine.resize();
    if (!places) return fixed;
    const [need, ...moved] = words.subarray(places / 4, places / 4 + 1 + fixed.length);
    machine.grow(need!);
    return moved;
  }

  async #execute({ data: feed, extents }: Feed, { signal, onStatement, outputs = "copy" }: RunOptions): Promise<Record<string, TypedArray>> {
    const machine = this.#live();
    const { memory } = machine;
    const { places, inputs } = this.#choice.variant;
    // What lies elsewhere in the memory, an output of the last run perhaps, may be where another input goes.
    const apart = feed.map((data, i) => (data.buffer === memory.buffer && (places || data.byteOffset !== inputs[i]) ? data.slice() : data));
    const at = this.#resize(machine, extents);
    const bytes = new Uint8Array(memory.buffer);
    apart.forEach((data, i) => {
      const begin = at[i]!;
      if (data.buffer !== memory.buffer) bytes.set(data, begin);
      if (this.info.inputs[i]!.dtype === "boolean")
        for (let b = begin; b < begin + data.length; ++b) bytes[b] = bytes[b] === 0 ? 0 : 1;
    });
    if (onStatement) machine.trace("run", onStatement);
    else await machine.execute("run", signal);
    const shapes = this.#shapes(machine);
    const results: [string, TypedArray][] = this.info.outputs.map((info, i) => {
      const shape = shapes[i]!;
      const seen = view(memory, info, shape, at[feed.length + i]!);
      if (this.#numbers && isWide(info.dtype)) return [info.name, shaped(narrow(info.name, seen as BigInt64Array), shape)];
      return [info.name, shaped(outputs === "view" ? seen : seen.slice(), shape)];
    });
    return Object.fromEntries(results);
  }
}

/** Waits for the promise, or fails with the signal's reason if that comes first. */
function untilAborted(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as unknown);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(() => {
      signal.removeEventListener("abort", abort);
      resolve(undefined);
    });
  });
}
