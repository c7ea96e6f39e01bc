/* The packer's screen: draws the station's picture of the session, and nothing it was not told. */
"use strict";

(() => {
  const { text, say, has, el, icon } = packd;
  const $ = (id) => document.getElementById(id);
  const SILENCE_MS = 9000; /* the station speaks at least every 2 s */
  const OTHERS_MAX = 6; /* list rows that fit beside the current line */
  const OLD_LIST_MS = 180000;

  let view = null;
  let heard = 0;
  let serial = null;
  let counts = new Map(); /* line -> count last shown, to see which one moved */
  let drawnCommands = "";
  let source = null;

  /* --- parts --- */

  /* The biggest thing on the screen: as large as its length allows. */
  function big(words, most = 4) {
    const n = [...words].length;
    const size = n <= 8 ? 4 : n <= 18 ? 3 : n <= 34 ? 2 : 1;
    return el("h1.big.big" + Math.min(size, most), words);
  }
  const sub = (words, cls = "sub") => (words ? el("p." + cls, words) : null);
  const unitName = (unit) => (has("unit." + unit) ? text("unit." + unit) : unit);

  /* "1 case = 12": only where a packer could take one for the other. */
  /* Ordered, to be picked up, and base units of one line, as far as they differ. */
  function units(line) {
    const whole = line.pick_factor > 1 && line.pick_level !== line.unit ? Math.floor(line.to_pack / line.pick_factor) : 0;
    const rest = line.to_pack - whole * line.pick_factor;
    const pick = whole && text(rest ? "units.pick_rest" : "units.pick", whole, unitName(line.pick_level), rest);
    let ordered = whole && text("units.base", line.ordered);
    if (line.unit_factor && line.unit !== "unit") {
      const one = text("units.equals", 1, unitName(line.unit), line.unit_factor);
      ordered = line.units === 1 ? one : text("units.several", line.units, unitName(line.unit), one);
    }
    return [ordered, pick].filter(Boolean).join(" · ");
  }
  const missing = (line) => line.missing > 0 && el("b.missing", text("page.missing", line.missing));
  function moved(line, key) {
    const before = counts.get(key);
    return line.pulse && before !== undefined && before !== line.packed;
  }

  function hero(name, ...rest) {
    return el("div.hero", el("div.sign", icon(name)), el("div.words", ...rest));
  }

  /* --- faces --- */

  function idle(v) {
    const last = v.last;
    return [
      hero("barcode", big(say(v.headline) || text("page.scan_tote")), sub(say(v.detail)), sub(say(v.next_step))),
      el("div.cards",
        last.reference &&
          el("section.card.done",
            icon("tick", "small"),
            el("div",
              el("p.cap", text("page.last_saved", packd.clock(last.saved_at))),
              el("p.value", last.reference),
              el("p.cap", [parcels(last.parcels), last.service].filter(Boolean).join(" · ")))),
        el("section.card",
          icon("box", "small"),
          el("div",
            el("p.cap", text("page.orders_ready")),
            el("p.value.num", v.strip.orders_ready))),
        v.holds_ready + v.holds_waiting > 0 &&
          el("section.card",
            icon("label", "small"),
            el("div",
              el("p.cap", text("page.holds")),
              el("p.value.num", text("page.holds_ready", v.holds_ready, v.holds_waiting))))),
    ];
  }
  const parcels = (n) => (n ? text(n === 1 ? "page.parcel" : "page.parcels", n) : "");

  function currentLine(line, key) {
    const whole = line.to_pack > 0 ? Math.min(1, line.packed / line.to_pack) : 0;
    const bar = el("div.bar", el("div.fill"));
    bar.firstChild.style.width = whole * 100 + "%";
    return el("section.current" + (line.done ? ".done" : ""),
      el("h2.name", line.description || line.sku),
      el("p.sku", line.sku, units(line) && el("span.units", units(line)), missing(line)),
      el("p.count", el("b.num" + (moved(line, key) ? ".pulse" : ""), line.packed), " ",
        el("span", text("page.of", line.to_pack))),
      bar);
  }
  function otherLine(line, key) {
    return el("li",
      el("span.name", line.description || line.sku, el("small", missing(line), " ", [line.sku, units(line)].filter(Boolean).join(" · "))),
      el("span.num" + (moved(line, key) ? ".pulse" : ""), text("page.n_of_m", line.packed, line.to_pack)));
  }
  function others(v, current) {
    const open = v.lines.filter((l, i) => i !== current && !l.done);
    const done = v.lines.filter((l, i) => i !== current && l.done).length;
    const room = open.length > OTHERS_MAX ? OTHERS_MAX - 1 : OTHERS_MAX;
    const rest = open.length - room + (v.lines_left_out || 0);
    return el("aside.others",
      el("p.total", el("b.num", text("page.n_of_m", v.units_packed, v.units_total)), " ", text("page.units")),
      el("ul", open.slice(0, room).map((l) => otherLine(l, v.lines.indexOf(l)))),
      open.length < 3 && lastScans(v, 4 - open.length),
      rest > 0 && el("p.more", text(rest === 1 ? "page.more_line" : "page.more_lines", rest)),
      done > 0 && el("p.folded", icon("check", "tiny"), text(done === 1 ? "page.line_done" : "page.lines_done", done)));
  }
  function lastScans(v, most) {
    if (!v.scans.length) return null;
    return el("div.scans", el("p", text("page.last_scans")), el("ol", v.scans.slice(0, most).map((s) =>
      el("li" + (s.outcome === "scan.accepted" || s.outcome === "scan.command" ? ".good" : ".bad"),
        icon(s.outcome === "scan.accepted" ? "check" : s.outcome === "scan.command" ? "barcode" : "warn", "tiny"),
        el("span", s.text), el("small", text(s.outcome))))));
  }
  function boxes(v) {
    if (!v.parcels.length) return null;
    const shown = v.parcels.length > 6 ? v.parcels.slice(-6) : v.parcels;
    return el("ol.boxes", shown.map((p) =>
      el("li.state-" + p.state + (p.current ? ".now" : ""),
        icon(p.state === "checked" ? "check" : "box", "tiny"),
        el("span", el("b", text("page.box", p.number)), " ", boxState(p)))));
  }
  function boxState(p) {
    if (p.state === "open") return [p.packaging, text("parcel.open", p.units)].filter(Boolean).join(", ");
    const name = text("parcel." + p.state);
    return p.tracking ? name + " …" + p.tracking.slice(-4) : name;
  }

  function packing(v) {
    let at = v.lines.findIndex((l) => l.current);
    if (at < 0) at = v.lines.findIndex((l) => !l.done);
    const finished = v.lines.length > 0 && v.lines.every((l) => l.done);
    return [
      el("div.pack",
        el("div.main",
          finished || at < 0 ? hero("tick", big(text("page.all_packed"), 3), sub(say(v.detail))) : currentLine(v.lines[at], at),
          el("p.next", say(v.next_step))),
        others(v, finished ? -1 : at)),
      boxes(v),
      about(v.order, v),
    ];
  }
  /* Whose it is, and what else belongs to the same order. */
  function about(o, v) {
    const others = o.siblings.map((s) => s.reference + " " + text("state." + s.state));
    if (o.sibling_count > others.length) others.push("…");
    const parts = [
      v.list && text("page.list", v.list, v.list_left),
      others.length && text("page.siblings", o.sibling_count + 1, others.join(", ")),
      o.recipient && text("page.to", o.recipient, text("destination." + o.recipient_source)),
    ].filter(Boolean);
    return parts.length > 0 && el("p.about", parts.join(" · "));
  }

  function help(v) {
    return el("dl.help", v.commands.map((c) => el("div", el("dt", c.name), el("dd", text("help." + c.name)))));
  }
  function attention(v) {
    if (v.help) return [big(say(v.headline), 1), help(v)];
    return [
      hero("question", big(say(v.headline), 2), sub(say(v.detail)), v.note && note(v.note)),
      el("p.answer", say(v.next_step) || text("page.confirm_scan")),
    ];
  }
  function note(words) {
    const n = [...words].length;
    return el("blockquote.note" + (n > 700 ? ".tiny" : n > 280 ? ".small" : n > 110 ? ".medium" : ""), words);
  }

  function refused(v) {
    return [
      hero("cross", big(say(v.headline), 2),
        el("dl.pair",
          v.scanned && el("div.was", el("dt", text("page.scanned")), el("dd", v.scanned)),
          say(v.detail) && el("div.want", el("dt", text("page.expected")), el("dd", say(v.detail))))),
      el("p.answer", say(v.next_step) || text(v.blocking ? "page.acknowledge" : "page.scan_on")),
    ];
  }

  function stop(v) {
    const box = say(v.next_step);
    return [
      hero("hand", el("h1.big.big4", text("page.stop")), el("p.why", say(v.headline)), sub(say(v.detail), "sub.wide")),
      el("p.answer", box || text("page.acknowledge")),
    ];
  }

  function waiting(v) {
    return [
      hero("wait", big(say(v.headline) || text("page.wait"), 2), sub(say(v.detail)), sub(say(v.next_step))),
      services(v),
      boxes(v),
    ];
  }

  /* What the customer was promised beside what was bought: the packer sees whether they agree. */
  function services(v) {
    const o = v.order;
    if (!o.promised_service && !o.service_bought && !o.service) return null;
    const bought = o.service_bought || o.service;
    return el("div.services",
      el("section", el("p.cap", text("page.promised")), el("p.value", o.promised_service || text("page.not_known"))),
      el("section",
        el("p.cap", text(o.service_bought ? "page.bought" : "page.on_order")),
        el("p.value", bought || text("page.not_yet")),
        o.carrier && !bought.startsWith(o.carrier) && el("p.cap", o.carrier)),
      o.recipient && el("section", el("p.cap", text("page.recipient", text("destination." + o.recipient_source))), el("p.value.to", o.recipient)));
  }

  function label(v) {
    const p = v.parcels.find((x) => x.current);
    return [
      el("div.hero.labelled",
        el("div.drawing", icon("label"), p && v.parcels.length > 1 && el("span.tag.num", text("page.n_slash_m", p.number, v.parcels.length))),
        el("div.words", big(say(v.headline) || text("page.scan_label"), 2), sub(say(v.detail)), sub(say(v.next_step)),
          p && p.tracking && el("p.tracking", text("page.tracking_ends"), " ", el("b.num", "…" + p.tracking.slice(-6))))),
      services(v),
      boxes(v),
    ];
  }

  function saved(v) {
    const about = [v.last.reference, parcels(v.last.parcels), v.last.service].filter(Boolean).join(" · ");
    return [hero("tick", el("h1.big.big4", text("page.saved")), sub(say(v.detail) || about))];
  }

  const FACES = { idle, packing, attention, refused, stop, waiting, label, saved };

  /* --- strip --- */

  /* Whichever comes first: when it is due, or the carrier's collection. */
  function due(v) {
    const o = v.order;
    const collection = o.cut_off && !(o.due && o.due < o.cut_off);
    const at = collection ? o.cut_off : o.due;
    if (!at) return null;
    const left = at - packd.now();
    const name = collection ? "strip.cut_off" : left >= 0 ? "strip.due" : "strip.late";
    return el("span.due" + (left < 900000 ? ".late" : ""), text(name, packd.clock(at), packd.age(Math.abs(left))));
  }
  const old = (o) => o.first_at > 0 && el("span.due", text("strip.age", packd.age(packd.now() - o.first_at)));
  function backlog(s) {
    const words = s.waiting
      ? text("strip.waiting", s.waiting, packd.age(packd.now() - s.oldest))
      : text("strip.nothing_waiting");
    return el("p.backlog", el("span", words),
      s.exceptions > 0 && el("span.exceptions", icon("warn", "tiny"), text(s.exceptions === 1 ? "strip.exception" : "strip.exceptions", s.exceptions)));
  }
  function drawStrip(v) {
    const s = v.strip;
    if (s.training) packd.training();
    $("strip").replaceChildren(
      el("p.bench", el("b", s.bench), v.packer ? el("span", v.packer) : null),
      el("p.order", v.order.reference && el("b", v.order.reference), v.order.reference && [due(v), old(v.order)]),
      backlog(s));
    const list = troubles(v).slice(0, 3);
    $("banners").replaceChildren(...list.map(([cls, name, words, act]) =>
      el((act ? "button" : "p") + ".banner." + cls, act ? { onclick: act } : {}, icon(name, "tiny"), el("span", words))));
    const notice = say(v.notice);
    $("notice").replaceChildren(...(notice ? [icon("warn", "tiny"), el("span", notice)] : []));
  }
  function troubles(v) {
    const s = v.strip;
    const rows = [];
    const add = (when, cls, name, words, act) => when && rows.push([cls, name, words, act]);
    add(s.intake_full, "bad", "warn", text("strip.intake_full"));
    for (const d of s.devices)
      add(true, "bad", "warn", text("strip.device", text("device." + d.kind), d.present ? (has("trouble." + d.trouble) ? text("trouble." + d.trouble) : d.trouble) : text("strip.gone")));
    add(s.offline_since, "", "warn", text("strip.offline", packd.clock(s.offline_since)));
    const trouble = has(s.clarus_trouble) ? text(s.clarus_trouble) : s.clarus_trouble;
    add(trouble && !s.offline_since, "", "warn", trouble);
    add(!say(v.notice) && v.order.delivery_note === "not_sent", "", "warn", text("page.delivery_note_not_sent"));
    const listAge = packd.now() - s.catalogue_read_at;
    add(s.catalogue_read_at && listAge > OLD_LIST_MS && !s.offline_since, "", "warn", text("strip.old_list", packd.age(listAge)));
    add(s.catalogue_read_at && s.offline_since && listAge > OLD_LIST_MS, "", "warn", text("strip.old_list", packd.age(listAge)));
    add(!s.catalogue_read_at, "", "warn", text("strip.no_list"));
    add(s.intake_warning && !s.intake_full, "", "warn", text("strip.intake_warning"));
    add(!s.clock_trusted && !s.demonstration, "", "warn", text("strip.clock"));
    add(tones.silent(), "quiet", "sound", text("strip.silent"), () => tones.wake().then(() => view && drawStrip(view)));
    return rows;
  }

  /* --- commands --- */

  function drawCommands(v) {
    const list = v.commands.filter((c) => c.button || (v.help && c.name === "SHEET")).map((c) => c.name);
    const drawn = list.join();
    if (drawn === drawnCommands) return;
    drawnCommands = drawn;
    $("commands").replaceChildren(...list.map((c) =>
      el("button.command" + (c === "CONFIRM" ? ".first" : ""), { "data-command": c, onclick: command }, text("command." + c))));
  }
  async function command(event) {
    const button = event.currentTarget;
    tones.wake();
    button.disabled = true;
    try {
      await packd.post("/api/command", { command: button.dataset.command });
    } catch (e) {
      flash(e.message);
    } finally {
      button.disabled = false;
    }
  }
  function flash(words) {
    const box = el("p.flash", words);
    document.body.append(box);
    setTimeout(() => box.remove(), 4000);
  }

  /* --- demo --- */

  let demoOpen = false;
  let demoCodes = { orders: [], packaging: [], products: [] };
  let demoFor = null;

  async function scan(code) {
    tones.wake();
    try {
      await packd.post("/api/demo/scan", { text: code });
    } catch (e) {
      flash(e.message);
    }
  }
  function chip(code, title) {
    return el("button.chip", { onclick: () => scan(code), title }, el("b", code), title && el("small", title));
  }
  function demoChips(v) {
    const labels = v.parcels.filter((p) => p.tracking && p.state !== "checked").map((p) => chip(p.tracking, text("demo.label", p.number)));
    const groups = v.order.reference
      ? [["demo.labels", labels],
         ["demo.boxes", v.face === "label" ? [] : demoCodes.packaging.map((c) => chip(c.code, c.title))],
         ["demo.goods", v.face === "label" ? [] : demoCodes.products.map((c) => chip(c.code, c.title))]]
      : [["demo.orders", demoCodes.orders.map((c) => chip(c.code, c.title))]];
    return groups.filter(([, chips]) => chips.length).map(([key, chips]) => el("div.group", el("p", text(key)), el("div", chips)));
  }
  function drawDemo(v) {
    const box = $("demo");
    box.hidden = !v.strip.demonstration;
    if (box.hidden) return;
    if (!box.firstChild) {
      box.append(
        el("button.tab", { onclick: () => { demoOpen = !demoOpen; demoFor = null; drawDemo(view); } }, icon("barcode"), text("demo.title")),
        el("form", { onsubmit: typed }, el("input", { type: "text", name: "code", autocomplete: "off", spellcheck: "false", placeholder: text("demo.type") }), el("button", text("demo.scan"))),
        el("div.chips"));
    }
    box.classList.toggle("open", demoOpen);
    const about = v.order.reference + "/" + v.face + "/" + v.parcels.map((p) => p.state + p.tracking).join();
    if (!demoOpen || demoFor === about) return;
    demoFor = about;
    packd.get("/api/demo/codes").then((codes) => {
      demoCodes = codes;
      box.querySelector(".chips").replaceChildren(...demoChips(view));
    }).catch(() => { demoFor = null; });
  }
  function typed(event) {
    event.preventDefault();
    const input = event.currentTarget.elements.code;
    if (input.value) scan(input.value);
    input.value = "";
  }

  /* --- stream --- */

  function draw(v) {
    const face = Object.hasOwn(FACES, v.face) ? v.face : "idle";
    document.body.className = "face-" + face + (v.blocking ? " blocking" : "");
    $("stage").replaceChildren(...FACES[face](v).flat().filter(Boolean));
    counts = new Map(v.lines.map((l, i) => [i, l.packed]));
    drawStrip(v);
    drawCommands(v);
    drawDemo(v);
  }
  function play(v) {
    const first = serial === null;
    const fresh = serial !== v.tone_serial;
    serial = v.tone_serial;
    if (fresh && (!first || v.tone === "alarm")) tones.play(v.tone);
  }
  function onBench(event) {
    alive();
    const next = JSON.parse(event.data);
    packd.setNow(next.now);
    if (view && view.order.reference !== next.order.reference) counts = new Map();
    view = next;
    draw(view);
    play(view);
  }
  function onBeat(event) {
    alive();
    packd.setNow(JSON.parse(event.data).now);
  }
  function alive() {
    heard = performance.now();
    $("lost").hidden = true;
  }
  function lost() {
    if (!$("lost").hidden) return;
    tones.play("none");
    $("lost").replaceChildren(icon("link"), el("h1.big.big2", text("page.lost")), el("p.sub", text("page.lost_next")));
    $("lost").hidden = false;
  }
  function connect() {
    if (source) source.close();
    source = new EventSource("/events/bench");
    source.addEventListener("bench", onBench);
    source.addEventListener("beat", onBeat);
    source.onerror = () => { lost(); serial = view ? view.tone_serial : null; };
    heard = performance.now();
  }
  function watch() {
    const silent = performance.now() - heard > SILENCE_MS;
    if (silent || source.readyState === EventSource.CLOSED) {
      lost();
      connect();
    } else if (view && $("lost").hidden) {
      drawStrip(view);
    }
  }

  addEventListener("pagehide", () => source && source.close());
  addEventListener("pageshow", (event) => event.persisted && connect());
  document.addEventListener("pointerdown", () => tones.wake(), { once: true });
  function start() {
    packd.load().then(() => {
      connect();
      setInterval(watch, 1000);
    }).catch(() => setTimeout(start, 1000));
  }
  start();
})();
