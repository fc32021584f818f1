/** Codes as in witx nn_errno, which the functions return (docs: runtimes/nn/types.hpp has the same). */
export const errno = {
  success: 0,
  invalid_argument: 1,
  invalid_encoding: 2,
  missing_memory: 3,
  busy: 4,
  runtime_error: 5,
  unsupported_operation: 6,
  too_large: 7,
  not_found: 8,
  end_of_sequence: 100,
  context_full: 101,
  prompt_too_long: 102,
} as const;
export type Code = Exclude<keyof typeof errno, "success">;

/** What a call answers with a code; the text is for the log. */
export class NnError extends Error {
  override name = "NnError";
  readonly code: Code;
  constructor(code: Code, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export const refuse = (code: Code, message: string): never => {
  throw new NnError(code, message);
};

/** Bytes of a guest in a message: one line, cut. */
export const shown = (text: string): string => JSON.stringify(text.length > 64 ? text.slice(0, 64) + "…" : text);
