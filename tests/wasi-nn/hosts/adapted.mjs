// The programs of preview 1, unmodified, as components: the adapter of runtimes/adapter turns wasi_ephemeral_nn into wasi:nn, which weft's JavaScript host for components
// gives (jco.mjs).
import path from "node:path";

import { buildAdapted } from "../build.mjs";
import * as jco from "./jco.mjs";

export const { unavailable } = jco;
export const about = () => `${jco.about()}, runtimes/adapter`;
export const lacks = {
  "early-inputs": "the interface of components does not say which inputs a model takes: compute refuses what is wrong",
  tokens: "the interface of components has no loop over tokens",
};

export async function open(options) {
  const adapted = await buildAdapted();
  const session = await jco.open(options);
  return { ...session, run: ({ guest, args }) => session.run({ guest: path.join(adapted, path.basename(guest)), args }) };
}
