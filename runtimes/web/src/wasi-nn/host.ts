import { messageOf } from "../network.js";
import { errno, NnError, refuse, shown } from "./errors.js";
import { Instance, type CompiledModel } from "./machine.js";
import type { ModelCache } from "./models.js";
import { accept, sniff } from "./sniff.js";
import { dtypeOf } from "./types.js";

/** How much one guest may have at a time. Beyond it: missing_memory. As runtimes/nn/limits.hpp. */
export const defaultLimits = { graphs: 64, contexts: 256, bytes: 2 ** 32, parts: 256, nameBytes: 4096, configBytes: 65536 };
export type Limits = typeof defaultLimits;

interface Graph {
  readonly model: CompiledModel;
  readonly bytes: number;
  contexts: number;
  unloaded: boolean;
}
interface Context {
  readonly graph: Graph;
  readonly instance: Instance;
}

const mostDims = 255;

/** The module wasi_ephemeral_nn for one guest: the twin of runtimes/nn/{session,witx}.cpp, in which the rules stand. */
export class Host {
  readonly #graphs = new Map<number, Graph>();
  readonly #contexts = new Map<number, Context>();
  readonly #models: ModelCache;
  readonly #named: ReadonlyMap<string, () => CompiledModel>;
  readonly #limits: Limits;
  readonly #memory: () => WebAssembly.Memory;
  #next = 1;
  #graphCount = 0;
  #bytes = 0;
  readonly #log: (text: string) => void;
  #busy = false;

  constructor(models: ModelCache, named: ReadonlyMap<string, () => CompiledModel>, limits: Limits, memory: () => WebAssembly.Memory, log: (text: string) => void) {
    this.#models = models;
    this.#named = named;
    this.#limits = limits;
    this.#memory = memory;
    this.#log = log;
  }

  /** What a guest imports. Parameters are i32, and so is the one result. */
  imports(): Record<string, (...parameters: number[]) => number> {
    const bodies: Record<string, (...parameters: number[]) => void> = {
      load: (builders, count, encoding, target, out) => this.#made(out!, () => this.#load(builders!, count!, encoding!, target!)),
      load_by_name: (name, length, out) => this.#made(out!, () => this.#loadByName(name!, length!)),
      load_by_name_with_config: (name, length, config, configLength, out) =>
        this.#made(out!, () => {
          this.#configure(config!, configLength!);
          return this.#loadByName(name!, length!);
        }),
      init_execution_context: (graph, out) => this.#made(out!, () => this.#init(graph!)),
      set_input: (context, index, tensor) => this.#setInput(context!, index!, tensor!),
      compute: (context) => this.#usable(context!).instance.compute(),
      get_output: (context, index, buffer, size, written) => this.#copyOutput(context!, index!, buffer!, size!, written!, ({ instance }) => instance.output(index!)),
      compute_single: (context) => (this.#usable(context!), refuse("unsupported_operation", "the model computes all at once and has no loop over tokens: call compute and get_output")),
      get_output_single: (context, index, buffer, size, written) =>
        this.#copyOutput(context!, index!, buffer!, size!, written!, ({ graph }) =>
          index! < graph.model.manifest.outputs.length
            ? refuse("unsupported_operation", "the model makes no tokens one by one: call get_output")
            : refuse("invalid_argument", `output ${index} of a model that has ${graph.model.manifest.outputs.length}`)),
      fini_single: (context) => (this.#context(context!), refuse("unsupported_operation", "the model has no loop over tokens that could be ended")),
      finalize_execution_context: (context) => this.#finalize(context!),
      unload: (graph) => this.#unload(graph!),
    };
    return Object.fromEntries(Object.entries(bodies).map(([name, body]) => [name, (...parameters) => this.#answer(name, () => body(...parameters.map((value) => value >>> 0)))]));
  }

  #answer(name: string, body: () => void): number {
    const memory = this.#memory();
    if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("wasi-nn: call bind(instance) before the guest starts");
    // Only through the log can a call come from within a call.
    if (this.#busy) return errno.busy;
    this.#busy = true;
    try {
      body();
      return errno.success;
    } catch (error) {
      const { code, message } = error instanceof NnError ? error : error instanceof RangeError ? new NnError("missing_memory", error.message) : new NnError("runtime_error", messageOf(error));
      this.#log(`${name}: ${code}: ${message}`);
      return errno[code];
    } finally {
      this.#busy = false;
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
    const parts = Array.from({ length: count }, (_, i) => this.#view(builders[2 * i]!, builders[2 * i + 1]!, `builder ${i}`));
    if (parts[0] === undefined) return refuse("invalid_argument", "a model of no parts");
    if (target > 2) refuse("invalid_argument", `target ${target} is none of 0 (cpu), 1 (gpu), 2 (tpu)`);
    if (target > 0) refuse("unsupported_operation", `the target is ${target === 1 ? "gpu" : "tpu"}, and this host runs models on the cpu only`);
    accept(encoding, sniff(parts[0]));
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    return this.#graph(bytes, () => this.#models.load(parts));
  }

  #loadByName(pointer: number, length: number): number {
    const name = this.#text(pointer, length, this.#limits.nameBytes, "the name");
    // Names are text: bytes that are none are nobody's.
    const find = name === undefined ? undefined : this.#named.get(name);
    // Its bytes are the embedder's.
    return this.#graph(0, () => (find ?? ((): never => refuse("not_found", `no model is called ${name === undefined ? "what is no UTF-8" : shown(name)}`)))());
  }

  #configure(pointer: number, length: number): void {
    const text = this.#text(pointer, length, this.#limits.configBytes, "the configuration");
    if (length === 0) return;
    let config: unknown;
    try {
      config = JSON.parse(text ?? "");
    } catch {
      config = undefined;
    }
    if (typeof config !== "object" || config === null || Array.isArray(config)) return refuse("invalid_argument", "the configuration is no JSON object");
    const keys = Object.keys(config).map(shown);
    if (keys.length > 0) this.#log(`load_by_name_with_config: keys that weft has nothing for are ignored: ${keys.join(", ")}`);
  }

  #handle(): number {
    if (this.#next > 0xffffffff) refuse("missing_memory", "this guest has used all handles that there are");
    return this.#next++;
  }

  #charge(bytes: number): void {
    if (this.#bytes + bytes > this.#limits.bytes) refuse("missing_memory", `${bytes} bytes more than the ${this.#bytes} in use are more than the ${this.#limits.bytes} of a guest`);
    this.#bytes += bytes;
  }

  #graph(bytes: number, model: () => CompiledModel): number {
    if (this.#graphCount >= this.#limits.graphs) refuse("missing_memory", `a guest may have ${this.#limits.graphs} graphs`);
    this.#charge(bytes);
    try {
      const graph = { model: model(), bytes, contexts: 0, unloaded: false };
      const handle = this.#handle();
      this.#graphs.set(handle, graph);
      ++this.#graphCount;
      return handle;
    } catch (error) {
      this.#bytes -= bytes;
      throw error;
    }
  }

  /** A graph counts as long as anything uses it. */
  #release(graph: Graph): void {
    if (!graph.unloaded || graph.contexts > 0) return;
    --this.#graphCount;
    this.#bytes -= graph.bytes;
  }

  #unload(handle: number): void {
    const graph = this.#graphs.get(handle) ?? refuse("invalid_argument", `there is no graph ${handle}`);
    this.#graphs.delete(handle);
    graph.unloaded = true;
    this.#release(graph);
  }

  #init(handle: number): number {
    const graph = this.#graphs.get(handle) ?? refuse("invalid_argument", `there is no graph ${handle}`);
    if (this.#contexts.size >= this.#limits.contexts) refuse("missing_memory", `a guest may have ${this.#limits.contexts} contexts`);
    const instance = new Instance(graph.model, (bytes) => this.#charge(bytes));
    const context = this.#handle();
    this.#contexts.set(context, { graph, instance });
    ++graph.contexts;
    return context;
  }

  #finalize(handle: number): void {
    const { graph, instance } = this.#context(handle);
    this.#contexts.delete(handle);
    instance.free();
    --graph.contexts;
    this.#release(graph);
  }

  #context(handle: number): Context {
    return this.#contexts.get(handle) ?? refuse("invalid_argument", `there is no execution context ${handle}`);
  }

  #usable(handle: number): Context {
    const context = this.#context(handle);
    if (context.graph.unloaded) refuse("invalid_argument", `the graph of execution context ${handle} is unloaded: its outputs may be read, it takes no inputs or runs`);
    return context;
  }

  /** tensor: {dimensions, their count, type u8 and three bytes of anything, data, its bytes} */
  #setInput(handle: number, index: number, pointer: number): void {
    const [dimsAt, rank, type, dataAt, size] = this.#words(pointer, 5, "the tensor") as [number, number, number, number, number];
    this.#view(dimsAt, 4 * rank, "the tensor's dimensions");
    if (rank > mostDims) refuse("invalid_argument", `a tensor of ${rank} dimensions`);
    const dims = this.#words(dimsAt, rank, "the tensor's dimensions");
    const data = this.#view(dataAt, size, "the tensor's data");
    const dtype = dtypeOf(type & 255, dims, size);
    this.#usable(handle).instance.setInput(index, { dtype, dims, data });
  }

  #copyOutput(handle: number, index: number, buffer: number, size: number, written: number, read: (context: Context) => Uint8Array): void {
    this.#view(written, 4, "the place for the number of bytes");
    const into = this.#view(buffer, size, "the output buffer");
    const output = read(this.#context(handle));
    const fits = output.length <= size;
    if (fits) into.set(output);
    // Last, so that it holds where a guest lets the two overlap.
    this.#write(written, output.length);
    if (!fits) refuse("too_large", `output ${index} has ${output.length} bytes, and the buffer ${size}`);
  }
}
