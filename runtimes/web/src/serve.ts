// The worker's side of `load(..., { worker: true })`: one model.
import { RuntimeError, WeftError } from "./errors.js";
import { load } from "./load.js";
import { portOf, type Failure, type NodeThreads, type Request, type WebPort } from "./port.js";
import type { LoadOptions, Model, Source, TensorLike, TypedArray } from "./types.js";

function failureOf(error: unknown): Failure {
  const { name = "Error", message = String(error) } = error as Partial<Error>;
  if (!(error instanceof WeftError)) return { name, message };
  const more = error instanceof RuntimeError ? { node: error.node, value: error.value } : {};
  return { name, message, code: error.code, ...more };
}

/** Answers the page's requests from now on. */
export function serve(): void {
  const scope = globalThis as unknown as Partial<WebPort> & { process?: { getBuiltinModule?(name: string): unknown } };
  const threads = scope.process?.getBuiltinModule?.("worker_threads") as NodeThreads | undefined;
  const port = portOf(threads?.parentPort ?? (scope as WebPort));
  const running = new Map<number, AbortController>();
  let model: Model | undefined;

  async function handle(request: Exclude<Request, { op: "abort" }>, signal: AbortSignal): Promise<[unknown, Transferable[]]> {
    if (request.op === "load") {
      const options: LoadOptions = { ...request.options, signal, onProgress: (progress) => port.post({ id: request.id, progress }) };
      model = await load(request.source as Source, options);
      return [model.info, []];
    }
    const outputs = await model!.run(request.inputs as Record<string, TensorLike>, request.sliced ? { signal } : {});
    const arrays = Object.values(outputs) as (TypedArray & { shape?: unknown })[];
    return [[outputs, arrays.map(({ shape }) => shape)], (STRINGS ? arrays.filter(({ buffer }) => buffer) : arrays).map(({ buffer }) => buffer as ArrayBuffer)];
  }

  port.onMessage(async (message) => {
    const request = message as Request;
    const { id } = request;
    if (request.op === "abort") return running.get(id)?.abort();
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const [answer, transfer] = await handle(request, controller.signal);
      port.post({ id, answer }, transfer);
    } catch (error) {
      port.post({ id, failure: failureOf(error) });
    } finally {
      running.delete(id);
    }
  });
}
