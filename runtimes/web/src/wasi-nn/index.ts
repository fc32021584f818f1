import { Host } from "./host.js";
import { settings, share, type GuestOptions, type HostOptions } from "./options.js";
import { Session } from "./session.js";

export type { SynchronousCompiler } from "./models.js";
export type { NamedModel } from "./options.js";

interface OfMemory {
  /** The guest's memory, where it imports one; else bind(instance). */
  readonly memory?: WebAssembly.Memory;
}

export interface WasiNn {
  /** What the guest imports, beside WASI. */
  readonly imports: { readonly wasi_ephemeral_nn: Record<string, (...parameters: number[]) => number> };
  /** Before the guest starts: its memory is what it exports as "memory". */
  bind(instance: WebAssembly.Instance): void;
}

/** The models of a host, which any number of guests may share: each of them has graphs and contexts of its own. */
export async function makeHost(options: HostOptions & OfMemory = {}): Promise<WasiNn & { guest(more?: GuestOptions & OfMemory): WasiNn }> {
  const shared = await share(options);
  const guest = (more: GuestOptions & OfMemory = {}): WasiNn => {
    let memory = more.memory ?? options.memory;
    const host = new Host(new Session(shared, ...settings(options, more)), () => memory!);
    return {
      imports: { wasi_ephemeral_nn: host.imports() },
      bind: (instance) => void (memory = instance.exports["memory"] as WebAssembly.Memory),
    };
  };
  return { ...guest(), guest };
}
