// Programs that are started for a while, each with what it prints in a file of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";

/** Starts a program and waits until `ready` says so: a pattern in what it prints, or an address that answers. */
export async function start(command, args, { log, ready, ...options }) {
  fs.mkdirSync(path.dirname(log), { recursive: true });
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const out = fs.createWriteStream(log);
  let printed = "";
  const gone = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`${command} ended with ${signal ?? code}; ${log}:\n${tail(printed)}`)));
  });
  gone.catch(() => {});
  const said = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (bytes) => {
        out.write(bytes);
        printed += bytes;
        if (ready instanceof RegExp && ready.test(printed)) resolve();
      });
    }
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const end = async () => {
    process.off("exit", kill);
    if (child.exitCode !== null || child.signalCode !== null || !child.kill("SIGTERM")) return;
    const patience = setTimeout(kill, 5_000);
    await once(child, "exit");
    clearTimeout(patience);
  };
  try {
    await Promise.race([ready instanceof RegExp ? said : answers(ready), gone, timeOut(command, () => printed)]);
  } catch (error) {
    await end();
    throw error;
  }
  return { pid: child.pid, end, printed: () => printed };
}

/** A port that is free now. */
export async function freePort(address = "127.0.0.1") {
  const server = net.createServer().listen(0, address);
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until somebody listens. */
async function answers({ port }) {
  for (;;) {
    const socket = net.connect(port, "127.0.0.1");
    const there = await once(socket, "connect").then(() => true, () => false);
    socket.destroy();
    if (there) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function timeOut(command, printed) {
  return new Promise((resolve, reject) => {
    const give = () => reject(new Error(`${command} is not ready after ${PATIENCE_MS} ms:\n${tail(printed())}`));
    setTimeout(give, PATIENCE_MS).unref();
  });
}

const tail = (text) => text.split("\n").slice(-15).join("\n");
/** Compiling the gateway takes half a minute where it has not been compiled yet. */
const PATIENCE_MS = 120_000;
