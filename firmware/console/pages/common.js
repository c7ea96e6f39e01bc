/* What both pages share: messages by key, elements built from text (never from markup), requests. */
"use strict";

const packd = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  let messages = {};
  let skew = 0;

  /* "{0}" and "{1}" are replaced by the arguments. An unknown key shows itself and its arguments. */
  function text(key, ...args) {
    if (!key) return "";
    const form = Object.hasOwn(messages, key) ? messages[key] : null;
    if (form === null) return [key, ...args.filter((a) => a !== "")].join(" ");
    return form.replace(/\{(\d)\}/g, (all, n) => (args[n] === undefined ? "" : String(args[n])));
  }
  const has = (key) => Object.hasOwn(messages, key);
  const say = (s) => (s && s.key ? text(s.key, ...s.args) : "");

  /* el("p.note", {title: "x"}, child, "text"): strings become text nodes, false and null nothing. */
  function el(spec, ...rest) {
    const [tag, ...classes] = spec.split(".");
    const node = document.createElement(tag || "div");
    if (classes.length) node.className = classes.join(" ");
    for (const part of rest.flat()) {
      if (part === null || part === undefined || part === false || part === "") continue;
      if (part instanceof Node) node.append(part);
      else if (typeof part === "object") attributes(node, part);
      else node.append(String(part));
    }
    return node;
  }
  function attributes(node, values) {
    for (const [name, value] of Object.entries(values)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null) node.setAttribute(name, value === true ? "" : value);
    }
  }
  function icon(name, cls) {
    const svg = document.createElementNS(SVG, "svg");
    const use = document.createElementNS(SVG, "use");
    svg.setAttribute("class", "icon " + (cls || ""));
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", "#i-" + name);
    svg.append(use);
    return svg;
  }

  const now = () => Date.now() + skew;
  const setNow = (serverNow) => { skew = serverNow - Date.now(); };
  function age(ms) {
    const s = Math.max(0, Math.round(ms / 1000));
    if (s < 60) return text("time.seconds", s);
    const m = Math.floor(s / 60);
    if (m < 60) return text("time.minutes", m);
    const h = Math.floor(m / 60);
    if (h < 48) return m % 60 && h < 10 ? text("time.hours_minutes", h, m % 60) : text("time.hours", h);
    return text("time.days", Math.floor(h / 24));
  }
  const pad = (n) => String(n).padStart(2, "0");
  function clock(ms) {
    const d = new Date(ms);
    return pad(d.getHours()) + ":" + pad(d.getMinutes());
  }
  function moment(ms) {
    const d = new Date(ms);
    const today = new Date(now()).toDateString() === d.toDateString();
    const day = d.getFullYear() + "-" + pad(d.getMonth() + 1) + "-" + pad(d.getDate());
    return (today ? "" : day + " ") + clock(ms) + ":" + pad(d.getSeconds());
  }

  /* A station that was started again may have a new token; its page has it. */
  const tokenOf = (page) => page.querySelector('meta[name="packd-token"]').content;
  let token = tokenOf(document);
  async function renew() {
    const reply = await fetch(location.pathname, { cache: "no-store" });
    token = tokenOf(new DOMParser().parseFromString(await reply.text(), "text/html"));
  }
  async function get(path) {
    const reply = await fetch(path, { cache: "no-store" });
    const body = await reply.json();
    if (!reply.ok) throw Object.assign(new Error(body.error || "error"), body);
    if (body.training) training();
    return body;
  }
  /* A frame and a word that no page can lose. */
  function training() {
    if (document.getElementById("training")) return;
    const word = el("b", text("page.training"));
    const frame = el("p", { id: "training" }, word);
    word.style.cssText = "position:absolute;left:0;right:0;bottom:-25px;font-size:18px";
    frame.style.cssText = "position:fixed;inset:0;z-index:9;pointer-events:none;text-align:center;color:#fff;border:solid #6a1b9a;border-width:8px 8px 28px";
    document.body.style.padding = "8px 8px 28px";
    document.body.append(frame);
  }
  async function post(path, body, again = true) {
    const reply = await fetch(path, {
      method: "POST",
      cache: "no-store",
      headers: { "Content-Type": "application/json", "X-Packd-Token": token },
      body: JSON.stringify(body),
    });
    const answer = await reply.json().catch(() => ({}));
    if (answer.rule === "token_must_fit" && again) {
      await renew();
      return post(path, body, false);
    }
    if (!reply.ok) throw Object.assign(new Error(answer.error || "error"), answer);
    return answer;
  }
  async function load() {
    messages = await get("/messages.json");
  }
  return { text, say, has, el, icon, now, setNow, age, clock, moment, get, post, load, training };
})();
