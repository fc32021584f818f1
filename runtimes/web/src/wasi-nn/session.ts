import { messageOf } from "../network.js";
import { NnError, refuse, shown } from "./errors.js";
import { Instance, type CompiledModel } from "./machine.js";
import type { ModelCache } from "./models.js";
import { accept, sniff } from "./sniff.js";
import { findTokenPorts, TokenLoop, type TokenOptions, type TokenPorts } from "./tokens.js";
import type { Tensor } from "./types.js";

/** How much one guest may have at a time. Beyond it: missing_memory. As runtimes/nn/limits.hpp. */
export const defaultLimits = { graphs: 64, contexts: 256, bytes: 2 ** 32, tensors: 4096, parts: 256, nameBytes: 4096, configBytes: 65536, promptTokens: 2 ** 20 };
export type Limits = typeof defaultLimits;

interface Graph {
  readonly model: CompiledModel;
  readonly bytes: number;
  readonly options: TokenOptions;
  /** Or why the model makes no tokens. */
  readonly tokens: TokenPorts | NnError;
  contexts: number;
  /** Its handle is there. */
  held: boolean;
  unloaded: boolean;
}
interface Context {
  readonly graph: Graph;
  readonly instance: Instance;
  readonly loop: TokenLoop | undefined;
}

/** A model without tokens is one until it is asked for some; ports that the program names are there. */
function tokensOf({ manifest }: CompiledModel, options: TokenOptions): TokenPorts | NnError {
  try {
    return findTokenPorts(manifest, options);
  } catch (error) {
    if (error instanceof NnError && error.code === "unsupported_operation") return error;
    throw error;
  }
}

/** What the guests of one host share. */
export interface Shared {
  readonly models: ModelCache;
  readonly named: ReadonlyMap<string, () => CompiledModel>;
}

/** The graphs and contexts of one guest, whatever interface it calls them by: the twin of runtimes/nn/session.cpp, in which the rules stand. */
export class Session {
  readonly #graphs = new Map<number, Graph>();
  readonly #contexts = new Map<number, Context>();
  readonly #shared: Shared;
  readonly limits: Limits;
  readonly log: (text: string) => void;
  #next = 1;
  #graphCount = 0;
  #bytes = 0;
  #busy = false;

  constructor(shared: Shared, limits: Limits, log: (text: string) => void) {
    this.#shared = shared;
    this.limits = limits;
    this.log = log;
  }

  /** One call of a guest. What it throws is an NnError, of which the log has a line. */
  call<T>(name: string, body: () => T): T {
    // Only through the log can a call come from within a call.
    if (this.#busy) refuse("busy", "called from within another call");
    this.#busy = true;
    try {
      return body();
    } catch (error) {
      const known = error instanceof NnError ? error : new NnError(error instanceof RangeError ? "missing_memory" : "runtime_error", messageOf(error), error);
      // That is how a loop ends, and no failure.
      if (known.code !== "end_of_sequence") this.log(`${name}: ${known.code}: ${known.message}`);
      throw known;
    } finally {
      this.#busy = false;
    }
  }

  load(parts: readonly Uint8Array[], encoding: number, target: number): number {
    if (parts.length > this.limits.parts) refuse("missing_memory", `a model of ${parts.length} parts, and this host takes ${this.limits.parts}`);
    if (parts[0] === undefined) return refuse("invalid_argument", "a model of no parts");
    if (!(target <= 2)) refuse("invalid_argument", `target ${target} is none of 0 (cpu), 1 (gpu), 2 (tpu)`);
    if (target > 0) refuse("unsupported_operation", `the target is ${target === 1 ? "gpu" : "tpu"}, and this host runs models on the cpu only`);
    accept(encoding, sniff(parts[0]));
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    return this.#graph(bytes, () => this.#shared.models.load(parts));
  }

  /** No name where it was no text: it is nobody's then. */
  loadByName(name: string | undefined, options: TokenOptions = {}): number {
    const find = name === undefined ? undefined : this.#shared.named.get(name);
    // Its bytes are the embedder's.
    return this.#graph(0, () => (find ?? ((): never => refuse("not_found", `no model is called ${name === undefined ? "what is no UTF-8" : shown(name)}`)))(), options);
  }

  /** Contexts that were made before may be read only. */
  unload(handle: number): void {
    this.release(handle).unloaded = true;
  }

  /** Contexts that were made before go on. */
  release(handle: number): Graph {
    const graph = this.#graphs.get(handle) ?? refuse("invalid_argument", `there is no graph ${handle}`);
    this.#graphs.delete(handle);
    graph.held = false;
    this.#settle(graph);
    return graph;
  }

  init(handle: number): number {
    const graph = this.#graphs.get(handle) ?? refuse("invalid_argument", `there is no graph ${handle}`);
    if (this.#contexts.size >= this.limits.contexts) refuse("missing_memory", `a guest may have ${this.limits.contexts} contexts`);
    const instance = new Instance(graph.model, (bytes) => this.charge(bytes));
    const context = this.#handle();
    this.#contexts.set(context, { graph, instance, loop: graph.tokens instanceof NnError ? undefined : new TokenLoop(graph.tokens, graph.options) });
    ++graph.contexts;
    return context;
  }

  finalize(handle: number): void {
    const { graph, instance } = this.context(handle);
    this.#contexts.delete(handle);
    instance.free();
    --graph.contexts;
    this.#settle(graph);
  }

  context(handle: number): Context {
    return this.#contexts.get(handle) ?? refuse("invalid_argument", `there is no execution context ${handle}`);
  }

  usable(handle: number): Context {
    const context = this.context(handle);
    if (context.graph.unloaded) refuse("invalid_argument", `the graph of execution context ${handle} is unloaded: its outputs may be read, it takes no inputs or runs`);
    return context;
  }

  setInput(handle: number, index: number, tensor: Tensor): void {
    const { instance, loop } = this.usable(handle), prompt = loop?.ports.tokens === index ? loop : undefined;
    if (prompt?.takesInPieces(tensor)) {
      const count = tensor.dims[tensor.dims.length - 1]!;
      if (count > this.limits.promptTokens) refuse("prompt_too_long", `a prompt of ${count} tokens, and this host takes ${this.limits.promptTokens}`);
      instance.unset(index);
    } else instance.setInput(index, tensor);
    prompt?.begin(tensor.data);
  }

  compute(handle: number): void {
    const { instance, loop } = this.usable(handle);
    instance.ready();
    loop?.begin(new Uint8Array());
    instance.compute();
  }

  computeSingle(handle: number): void {
    const { instance, loop } = this.#looping(this.usable(handle));
    instance.ready(loop.ports.tokens);
    loop.step(instance);
  }

  token(context: Context, index: number): Uint8Array {
    const outputs = context.loop === undefined ? context.graph.model.manifest.outputs.length : 1;
    if (index >= outputs) refuse("invalid_argument", `output ${index} of a model that has ${outputs}`);
    return this.#looping(context).loop.token();
  }

  finiSingle(handle: number): void {
    const { instance, loop } = this.#looping(this.context(handle));
    loop.reset();
    instance.reset();
  }

  #looping({ graph, instance, loop }: Context): { readonly instance: Instance; readonly loop: TokenLoop } {
    if (loop === undefined) throw graph.tokens;
    return { instance, loop };
  }

  /** Bytes more, or fewer. */
  charge(bytes: number): void {
    if (this.#bytes + bytes > this.limits.bytes) refuse("missing_memory", `${bytes} bytes more than the ${this.#bytes} in use are more than the ${this.limits.bytes} of a guest`);
    this.#bytes += bytes;
  }

  #handle(): number {
    if (this.#next > 0xffffffff) refuse("missing_memory", "this guest has used all handles that there are");
    return this.#next++;
  }

  #graph(bytes: number, make: () => CompiledModel, options: TokenOptions = {}): number {
    if (this.#graphCount >= this.limits.graphs) refuse("missing_memory", `a guest may have ${this.limits.graphs} graphs`);
    this.charge(bytes);
    try {
      const model = make();
      const graph = { model, bytes, options, tokens: tokensOf(model, options), contexts: 0, held: true, unloaded: false };
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
  #settle(graph: Graph): void {
    if (graph.held || graph.contexts > 0) return;
    --this.#graphCount;
    this.#bytes -= graph.bytes;
  }
}
