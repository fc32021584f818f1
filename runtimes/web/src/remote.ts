// The page's side of `load(..., { worker: true })`.
import { InputError, LoadError, RuntimeError, WeftError } from "./errors.js";
import { isAddress, isResponse, toUrl } from "./files.js";
import { shaped } from "./model.js";
import { messageOf } from "./network.js";
import { portOf, type Answer, type Failure, type NodePort, type NodeThreads, type Port, type WebPort } from "./port.js";
import type { FileSource, LoadOptions, Model, ModelInfo, Parts, Progress, RunOptions, Source, TensorLike, TypedArray } from "./types.js";

type AnyWorker = (WebPort | NodePort) & { terminate(): unknown };

/** A worker of Node, which has no global one. */
export function nodeWorker(url: URL): AnyWorker {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const threads = process?.getBuiltinModule?.("worker_threads") as NodeThreads | undefined;
  if (threads === undefined) throw new LoadError("worker", "this engine has no workers");
  return new threads.Worker(url);
}

/** Addresses travel as text; responses and custom functions do not travel. */
function portable(source: FileSource): FileSource {
  if (isResponse(source)) throw new LoadError("bad_source", "a Response cannot go to a worker: give an address, bytes or a module");
  return isAddress(source) ? toUrl(source).href : source;
}

function portableSource(source: Source): unknown {
  const { manifest, files } = source as Partial<Parts>;
  if (manifest === undefined || files === undefined) return portable(source as FileSource);
  return { manifest, files: Object.fromEntries(Object.entries(files).map(([name, file]) => [name, portable(file)])) };
}

const classes = { LoadError, InputError, WeftError };
function revive({ name, code = "worker", message, node, value }: Failure): Error {
  if (name === "RuntimeError") return new RuntimeError(code, message, node, value);
  return new (classes[name as keyof typeof classes] ?? WeftError)(code, message);
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** Requests and their answers. While one is under way, Node does not end. */
class Client {
  readonly #worker: AnyWorker;
  readonly #port: Port;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #ended: Error | undefined;

  constructor(worker: AnyWorker) {
    this.#worker = worker;
    this.#port = portOf(worker);
    this.#hold(false);
    this.#port.onError((message) => this.end(new WeftError("worker", `the worker failed: ${message}`)));
    this.#port.onMessage((message) => {
      const answer = message as Answer;
      const waiting = this.#waiting.get(answer.id);
      if ("progress" in answer) return waiting?.onProgress?.(answer.progress as Progress);
      if ("failure" in answer) waiting?.reject(revive(answer.failure));
      else waiting?.resolve(answer.answer);
    });
  }

  async ask(request: object, { signal, transfer, onProgress }: { signal?: AbortSignal | undefined; transfer?: Transferable[]; onProgress?: LoadOptions["onProgress"] }): Promise<unknown> {
    if (this.#ended) throw this.#ended;
    signal?.throwIfAborted();
    const id = this.#next++;
    let abort = (): void => {};
    const answer = new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
      abort = () => {
        this.#port.post({ id, op: "abort" });
        reject(signal!.reason as Error);
      };
      signal?.addEventListener("abort", abort);
      this.#hold(true);
      this.#port.post({ ...request, id }, transfer);
    });
    try {
      return await answer;
    } finally {
      this.#waiting.delete(id);
      signal?.removeEventListener("abort", abort);
      if (this.#waiting.size === 0) this.#hold(false);
    }
  }

  end(reason: Error): void {
    this.#ended ??= reason;
    this.#waiting.forEach(({ reject }) => reject(reason));
    void this.#worker.terminate();
  }

  #hold(on: boolean): void {
    if ("on" in this.#worker) this.#worker[on ? "ref" : "unref"]?.();
  }
}

/** Only what the view shows travels, not all of the buffer beneath it. */
function compact(inputs: Record<string, TensorLike>): [Record<string, unknown>, Transferable[]] {
  const transfer: Transferable[] = [];
  const own = (value: unknown): unknown => {
    if (!ArrayBuffer.isView(value) || value instanceof DataView) return value;
    const copy = (value as TypedArray).slice();
    transfer.push(copy.buffer as ArrayBuffer);
    return copy;
  };
  const entries = Object.entries(inputs ?? {}).map(([name, value]): [string, unknown] => {
    const wrapped = typeof value === "object" && value !== null && "data" in value;
    return [name, wrapped ? { ...value, data: own(value.data) } : own(value)];
  });
  return [Object.fromEntries(entries), transfer];
}

class RemoteModel implements Model {
  readonly info: ModelInfo;
  readonly #client: Client;
  constructor(client: Client, info: ModelInfo) {
    this.#client = client;
    this.info = info;
  }

  input(): TypedArray {
    throw new WeftError("worker", "the model's memory is in a worker: give run an array");
  }

  async run(inputs: Record<string, TensorLike>, { signal, onStatement }: RunOptions = {}): Promise<Record<string, TypedArray>> {
    if (onStatement) throw new WeftError("worker", "onStatement needs a model that is not in a worker");
    const [copies, transfer] = compact(inputs);
    try {
      const answer = await this.#client.ask({ op: "run", inputs: copies, sliced: signal !== undefined }, { signal, transfer });
      const [outputs, shapes] = answer as [Record<string, TypedArray>, readonly (readonly number[])[]];
      Object.values(outputs).forEach((output, i) => shaped(output, shapes[i]!));
      return outputs;
    } catch (error) {
      if ((error as Error | undefined)?.name === "DataCloneError") throw new InputError("inputs", `the inputs cannot go to a worker: ${messageOf(error)}`);
      throw error;
    }
  }

  dispose(): void {
    this.#client.end(new WeftError("disposed", "the model has been disposed of"));
  }
}

export async function loadInWorker(source: Source, options: LoadOptions): Promise<Model> {
  const { worker, fetch, memory, signal, onProgress, weights, variant, retries, request, int64, cache, integrity } = options;
  if (typeof worker !== "function") throw new LoadError("worker", "give worker: () => new Worker(...) of weft.worker.js");
  if (fetch !== undefined || memory !== undefined || typeof cache === "object")
    throw new LoadError("worker", "options.fetch, options.memory and a cache of your own cannot go to a worker");
  const portableOptions = { variant, retries, request, int64, cache, integrity, weights: weights && portable(weights) };
  const client = new Client(worker() as AnyWorker);
  try {
    const info = await client.ask({ op: "load", source: portableSource(source), options: portableOptions }, { signal, onProgress });
    return new RemoteModel(client, info as ModelInfo);
  } catch (error) {
    client.end(new WeftError("disposed", "the model was not loaded"));
    throw error;
  }
}
