// A server between the station and a shop that loses what it is told to lose. `upstream(path)` names the server behind
// a path, `path(path, upstream)` what it is called there.
import http from "node:http";

const faults = { lose: 0, refuse: 0, lost: 0 };

function forward(target, path, req, body, reply) {
  const out = http.request(target + path,
    { method: req.method, headers: { ...req.headers, host: new URL(target).host } }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => reply(answer, Buffer.concat(parts)));
    });
  out.on("error", () => reply(null));
  out.end(body);
}

// A write is done over there and its answer is lost, or it is refused before it has any effect.
function meet(req, res, target, path, body) {
  const write = req.method !== "GET" && !/oauth/.test(req.url);
  if (write && faults.refuse > 0) {
    faults.refuse--;
    res.writeHead(503).end();
    return;
  }
  forward(target, path, req, body, (answer, bytes) => {
    if (!answer || (write && faults.lose > 0)) {
      if (answer) faults.lost++;
      if (answer) faults.lose--;
      req.socket.destroy();
      return;
    }
    const { connection, "transfer-encoding": chunked, "keep-alive": alive, ...headers } = answer.headers;
    res.writeHead(answer.statusCode, { ...headers, "content-length": bytes.length }).end(bytes);
  });
}

process.on("SIGTERM", () => process.exit(0));

export function listen(handler) {
  return new Promise((resolve) => {
    const server = http.createServer((req, res) => {
      const parts = [];
      req.on("data", (part) => parts.push(part));
      req.on("end", () => handler(req, res, Buffer.concat(parts)));
    });
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}

export function faulty(upstream, path = (whole) => whole) {
  return listen((req, res, body) => {
    const target = upstream(req.url);
    meet(req, res, target, path(req.url, target), body);
  });
}

// POST {"lose": n} or {"refuse": n}; GET /<order number> is what the shop holds of it, as `read` tells.
export function control(read, change) {
  return listen(async (req, res, body) => {
    let answer = faults;
    if (req.method === "POST" && req.url === "/faults") Object.assign(faults, JSON.parse(body));
    else if (req.method === "POST") answer = await change(req.url.slice(1), JSON.parse(body));
    else if (req.url !== "/faults") answer = await read(req.url.slice(1));
    res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer ?? {}));
  });
}
