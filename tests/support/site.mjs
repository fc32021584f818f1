// A folder as serve() wants it.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const TYPES = { ".css": "text/css", ".png": "image/png", ".wav": "audio/wav" };

export const filesOf = (site) =>
  Object.fromEntries(readdirSync(site, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => {
    const file = path.join(entry.parentPath ?? entry.path, entry.name), type = TYPES[path.extname(file)];
    return [path.relative(site, file), type ? { body: readFileSync(file), type } : readFileSync(file)];
  }));
