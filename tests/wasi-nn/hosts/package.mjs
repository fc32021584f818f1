import path from "node:path";
import { fileURLToPath } from "node:url";

/** The npm package as tools/build-package leaves it. */
export const PACKAGE = fileURLToPath(new URL("../../../build/npm/package/", import.meta.url)).replace(/\/$/, path.sep);
