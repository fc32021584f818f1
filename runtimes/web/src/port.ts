// Messages between a page and its worker, the web's way and Node's.

/** A Worker, or the scope within one. */
export interface WebPort {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: string, listener: (event: { data?: unknown; message?: string }) => void): void;
}
/** Of node:worker_threads: a Worker, or parentPort. */
export interface NodePort {
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
  on(type: string, listener: (value: unknown) => void): void;
  ref?(): void;
  unref?(): void;
}
export interface NodeThreads {
  readonly Worker: new (url: URL) => NodePort & { terminate(): Promise<number> };
  readonly parentPort: NodePort | null;
}

export interface Port {
  post(message: unknown, transfer?: Transferable[]): void;
  onMessage(listener: (message: unknown) => void): void;
  onError(listener: (message: string) => void): void;
}

export function portOf(port: WebPort | NodePort): Port {
  const post = (message: unknown, transfer: Transferable[] = []): void => port.postMessage(message, transfer);
  if ("on" in port)
    return {
      post,
      onMessage: (listener) => port.on("message", listener),
      onError: (listener) => port.on("error", (error) => listener(error instanceof Error ? error.message : String(error))),
    };
  return {
    post,
    onMessage: (listener) => port.addEventListener("message", ({ data }) => listener(data)),
    onError: (listener) => {
      port.addEventListener("error", ({ message }) => listener(message ?? "its script cannot be loaded"));
      port.addEventListener("messageerror", () => listener("a message was lost"));
    },
  };
}

/** A request; the answer has its id. */
export type Request =
  | { readonly id: number; readonly op: "load"; readonly source: unknown; readonly options: object }
  | { readonly id: number; readonly op: "run"; readonly inputs: unknown; readonly sliced: boolean }
  | { readonly id: number; readonly op: "abort" };

/** An error as it travels. */
export interface Failure {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  readonly node?: string | undefined;
  readonly value?: bigint | undefined;
}

export type Answer =
  | { readonly id: number; readonly progress: unknown }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: Failure };
