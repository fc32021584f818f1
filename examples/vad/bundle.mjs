// Compiles Silero VAD v5 (npm package @ricky0123/vad-web) for frames of 16 kHz.
import path from "node:path";

import { compile } from "../../bench/compile.mjs";
import { ROOT } from "../../bench/sizes.mjs";

const MODEL = path.join(ROOT, "node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx");

/** Into the folder, unless it is up to date. */
export const compileModel = (folder) => compile(MODEL, folder, { shapes: { input: [1, 576], state: [2, 1, 128] }, more: ["--constant", "sr=16000", "--state", "stateN=state"] });
