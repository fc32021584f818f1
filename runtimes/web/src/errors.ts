/** All errors of this runtime but aborts, which reject with the signal's reason (a DOMException called AbortError by default). */
export class WeftError extends Error {
  override name = "WeftError";
  /** What went wrong, for programs. */
  readonly code: string;
  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The bundle cannot be had, or cannot run here. */
export class LoadError extends WeftError {
  override name = "LoadError";
}

/** The inputs of a run do not fit the model. */
export class InputError extends WeftError {
  override name = "InputError";
}

/** A run failed. The instance stays usable. */
export class RuntimeError extends WeftError {
  override name = "RuntimeError";
  /** The model's node. */
  readonly node: string | undefined;
  /** The offending value. */
  readonly value: bigint | undefined;
  constructor(code: string, message: string, node?: string, value?: bigint, cause?: unknown) {
    super(code, message, cause);
    this.node = node;
    this.value = value;
  }
}
