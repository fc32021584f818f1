// Errors as the rest of weft has them: a kind with its exit code, one sentence, the model's node.
const EXIT_CODES = { "invalid-model": 3, unsupported: 4, "invalid-argument": 5, "not-found": 6, limit: 7, engine: 8 };

export class RunError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

// What the runtime's errors mean to somebody at a command line, by their code.
const LOAD_KINDS = { not_found: "not-found", network: "not-found", http: "not-found", memory: "limit", variant: "invalid-argument", unsupported: "engine", compile: "engine", link: "engine" };

function kindOf(error) {
  if (error instanceof RunError) return error.kind;
  if (error?.name === "LoadError") return LOAD_KINDS[error.code] ?? "invalid-model";
  if (error?.name === "InputError") return "invalid-argument";
  if (error?.syscall !== undefined) return "not-found";
  return "engine";
}

/** Prints the error, for a person or a script, and gives the exit code. */
export function report(error, { model, json }) {
  const kind = kindOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (json) process.stderr.write(JSON.stringify({ error: { kind, message, node: error?.node ?? "" } }) + "\n");
  else process.stderr.write(`weft: ${model}: ${message}\n`);
  return EXIT_CODES[kind];
}
