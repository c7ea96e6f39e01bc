// Prism in front of a server: every request and answer must be as the contract says, else it answers with what is wrong.
import { spawn } from "node:child_process";
import http from "node:http";
import net from "node:net";

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function answers(url) {
  return new Promise((resolve) => {
    http.get(url, (res) => { res.resume(); resolve(true); }).on("error", () => resolve(false));
  });
}

// The address once it answers; null when the port was taken by then.
async function attempt(contract, upstream) {
  const port = await freePort();
  const child = spawn(process.execPath, ["node_modules/@stoplight/prism-cli/dist/index.js", "proxy", contract, upstream,
    "--errors", "-h", "127.0.0.1", "-p", String(port), "-v", "silent"], { stdio: ["ignore", "ignore", "ignore"] });
  let ended = false;
  child.on("exit", () => { ended = true; });
  process.on("exit", () => child.kill());
  const url = `http://127.0.0.1:${port}`;
  for (let left = 600; left > 0 && !ended; left--) {
    if ((await answers(url)) && !ended) return url;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return null;
}

export async function prism(contract, upstream) {
  for (let tries = 0; tries < 3; tries++) {
    const url = await attempt(contract, upstream);
    if (url) return url;
  }
  throw new Error(`prism does not start on ${contract}`);
}
