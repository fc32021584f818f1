// Where `npx weft` compiles: see weft.mjs.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";

import { run } from "./instance.mjs";
import { NodeHost } from "./node_host.mjs";

const { module, args, port, answered } = workerData;

/** Asks the main thread and waits: the compiler knows no promises. */
function ask(request) {
  port.postMessage(request);
  Atomics.wait(answered, 0, 0);
  Atomics.store(answered, 0, 0);
  return receiveMessageOnPort(port).message;
}

parentPort.postMessage(await run(module, args, new NodeHost(ask)));
