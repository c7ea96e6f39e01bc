/* The lead's page: what is not right first, then what is on its way, the devices, and one order's
 * story. Lists stay as they were read until the reader asks for the new ones. */
"use strict";

(() => {
  const { text, has, el, icon, age, moment } = packd;
  const $ = (id) => document.getElementById(id);
  const LOOK_MS = 5000;
  const or = (key, otherwise) => (has(key) ? text(key) : otherwise);
  let shown = []; /* ids of the cases on the page */

  const since = (ms) => (ms ? age(packd.now() - ms) : "");
  const fault = (e) => [e.error || e.message, e.next_step].filter(Boolean).join(". ");

  /* -------------------------------------------------------------------------------- acts -- */

  function who() {
    const name = $("name").value.trim();
    $("name").parentNode.classList.toggle("asked", !name);
    if (!name) $("name").focus();
    return name;
  }
  async function act(c, name, note, box) {
    const person = who();
    if (!person) return say(box, text("lead.name_first"));
    if (name === "resolve" && !note.trim()) return say(box, text("lead.note_first"));
    box.querySelectorAll("button").forEach((b) => { b.disabled = true; });
    try {
      await packd.post("/api/exceptions/" + c.id + "/" + name, { who: person, note });
      await refresh();
    } catch (e) {
      say(box, fault(e));
      box.querySelectorAll("button").forEach((b) => { b.disabled = false; });
    }
    return undefined;
  }
  function say(box, words) {
    box.querySelectorAll(".fault").forEach((f) => f.remove());
    box.append(el("p.fault", { role: "alert" }, words));
  }
  function choice(c, name) {
    const note = name === "retry" ? null : el("input", { placeholder: text("lead.note"), "aria-label": text("lead.note"), maxlength: 300 });
    const box = el("div.choice", el("p", text("act." + name + ".what")), note);
    box.append(el("button", { "data-act": name, onclick: () => act(c, name, note ? note.value : "", box) }, text("act." + name)));
    return box;
  }

  /* Everything of one rule, once its cause was put right. */
  function ruleChoice(c, count) {
    const box = el("div.choice", el("p", text("act.rule.what")));
    box.append(el("button", { "data-act": "rule", onclick: () => actOnRule(c.rule, box) }, text("act.rule", count)));
    return box;
  }
  async function actOnRule(rule, box) {
    const person = who();
    if (!person) return say(box, text("lead.name_first"));
    try {
      await packd.post("/api/exceptions/rule", { rule, act: "retry", who: person });
      await refresh();
    } catch (e) {
      say(box, fault(e));
    }
    return undefined;
  }

  /* ------------------------------------------------------------------------------- wrong -- */

  const fact = (key, value) => value !== "" && value !== null && [el("dt", text(key)), el("dd", value)];
  function facts(pairs) {
    return el("dl.facts", pairs.map(([key, value]) => value !== "" && el("div", fact(key, value))));
  }
  /* Which order and what happened come first; the other side's own words may say neither. */
  function sentence(c) {
    const order = c.reference && !c.text.includes(c.reference) ? c.reference : "";
    return [order, or("rule." + c.rule, ""), c.text].filter(Boolean).join(": ");
  }
  function caseOf(c, all) {
    const same = all.filter((o) => o.rule === c.rule && o.id !== c.id);
    return el("details.case" + (c.find_and_pull ? ".worst" : ""), { "data-id": c.id },
      el("summary", icon(c.find_and_pull ? "hand" : "warn"),
        el("div", el("p.text", sentence(c)), el("p.next", c.next_step)),
        el("p.aside", el("b", or("owner." + c.owner, c.owner)), since(c.first_seen))),
      el("div.more",
        facts([["lead.object", c.object], ["lead.rule", c.rule], ["lead.origin", or("origin." + c.origin, c.origin)],
          ["lead.owner", or("owner." + c.owner, c.owner)], ["lead.first_seen", moment(c.first_seen)],
          ["lead.times", c.times > 1 ? text("lead.times_last", c.times, moment(c.last_seen)) : ""]]),
        el("div.choices", c.acts.map((name) => choice(c, name))),
        c.reference && el("p", el("button.plain", { onclick: () => find(c.reference) }, text("lead.open_order", c.reference))),
        same.length > 0 && c.acts.includes("retry") && ruleChoice(c, same.length + 1),
        same.length > 0 && el("p.dim", text("lead.same_rule", same.length), " ", same.slice(0, 8).map((o) => o.object).join(", "))));
  }
  async function drawWrong() {
    const r = await packd.get("/api/exceptions");
    packd.setNow(r.now);
    const list = r.exceptions;
    shown = list.map((c) => c.id);
    $("news").hidden = true;
    $("wrong").replaceChildren(
      el("h2", text("lead.not_right"), el("span.n", list.length || ""),
        list.length > 0 && el("button.plain.act", { onclick: () => csv("exceptions", list) }, text("lead.export"))),
      ...(list.length ? list.map((c) => caseOf(c, list)) : [
        el("div.clear", icon("tick"), el("p", el("b", text("lead.nothing_wrong")),
          el("span", text("lead.clear_since", moment(r.clear_since), since(r.clear_since)))))]));
  }
  async function look() {
    const r = await packd.get("/api/exceptions");
    const fresh = r.exceptions.filter((c) => !shown.includes(c.id)).length;
    const gone = shown.filter((id) => !r.exceptions.some((c) => c.id === id)).length;
    $("news").hidden = fresh + gone === 0;
    $("news").textContent = text("lead.news", fresh, gone);
  }

  /* ------------------------------------------------------------------------------ outbox -- */

  function why(d) {
    if (d.paused) return el("b.bad", text("lead.paused"));
    if (d.down) return el("b.bad", text("lead.down"));
    if (d.waiting) return text("lead.flowing");
    return text(d.parked + d.frozen ? "lead.held_up" : "lead.idle");
  }
  function tries(d) {
    if (d.paused) return text("lead.after_repair");
    if (d.next_try_ms < 0) return "";
    return d.next_try_ms < 1000 ? text("lead.now") : text("lead.in", age(d.next_try_ms));
  }
  function head(...keys) {
    return el("thead", el("tr", keys.map((k) => el("th" + (k.startsWith("#") ? ".n" : ""), k ? text("lead." + k.replace("#", "")) : ""))));
  }
  async function drawOutbox() {
    const r = await packd.get("/api/outbox");
    const rows = el("div.rows");
    const link = (d, n) => (n ? el("button.plain", { onclick: () => drawRows(rows, d.name) }, n) : "0");
    $("outbox").replaceChildren(
      el("h2", text("lead.on_its_way"), el("button.plain.act", { onclick: () => csv("outbox", r.destinations) }, text("lead.export"))),
      el("table", head("destination", "#waiting", "oldest", "#parked", "#frozen", "#done", "state", "next_try", "last_answer"),
        el("tbody", r.destinations.map((d) => el("tr",
          el("td", el("b", or("destination." + d.name, d.name))), el("td.n", link(d, d.waiting)), el("td", since(d.oldest)),
          el("td.n", link(d, d.parked)), el("td.n", link(d, d.frozen)), el("td.n", d.done),
          el("td", why(d)), el("td", tries(d)), el("td.dim", d.last_result))))),
      ...(r.manifests.length ? [el("h2", text("lead.manifests")), manifests(r.manifests)] : []),
      rows);
  }
  function manifests(list) {
    const box = el("div.choices", list.map((m) => el("div.choice", el("p", text("lead.manifest", m.carrier, m.waiting, since(m.oldest))),
      el("button", { "data-carrier": m.carrier, onclick: () => closeManifest(m.carrier, box) }, text("lead.manifest_close")))));
    return box;
  }
  async function closeManifest(carrier, box) {
    const person = who();
    if (!person) return say(box, text("lead.name_first"));
    try {
      await packd.post("/api/manifest", { carrier, who: person });
      await drawOutbox();
    } catch (e) {
      say(box, fault(e));
    }
    return undefined;
  }
  const messageRow = (m) => el("tr",
    el("td", el("button.plain", { onclick: () => find(m.reference) }, m.reference)), el("td", or("destination." + m.destination, m.destination)),
    el("td", m.waits_for ? text("message.waits_for", m.waits_for) : or("message." + m.state, m.state)), el("td.n", m.attempts), el("td", moment(m.stored_at)), el("td.dim", m.last_result), el("td.dim", m.key));
  const messages = (list) => el("table", head("order", "destination", "state", "#attempts", "stored", "last_answer", "key"), el("tbody", list.map(messageRow)));
  async function drawRows(box, destination) {
    const r = await packd.get("/api/outbox?destination=" + encodeURIComponent(destination));
    box.replaceChildren(
      el("h2", text("lead.rows_of", or("destination." + destination, destination)), el("button.plain.act", { onclick: () => csv(destination, r.messages) }, text("lead.export"))),
      messages(r.messages));
  }

  /* ----------------------------------------------------------------------------- devices -- */

  async function drawDevices() {
    const r = await packd.get("/api/devices");
    $("devices").replaceChildren(el("h2", text("lead.devices")),
      el("table", head("device", "state", "since", "identity"),
        el("tbody", r.devices.map((d) => el("tr",
          el("td", el("b", or("device." + d.kind, d.kind)), " ", el("span.dim", d.role)),
          el("td", d.present ? (d.trouble ? el("b.bad", or("trouble." + d.trouble, d.trouble)) : text("lead.ok")) : el("b.bad", text("strip.gone"))),
          el("td", moment(d.since)), el("td.dim", d.identity))))));
  }
  async function drawTop() {
    const s = await packd.get("/api/status");
    $("bench").textContent = s.bench;
    const parts = [text("lead.station", s.station), text("lead.up", since(s.started_at)), s.version];
    parts.push(s.catalogue_read_at ? text("lead.list_read", since(s.catalogue_read_at)) : text("strip.no_list"));
    if (s.offline_since) parts.push(text("strip.offline", packd.clock(s.offline_since)));
    $("about").textContent = parts.filter(Boolean).join(" · ");
  }

  /* ------------------------------------------------------------------------------- order -- */

  const FAR = ["clarus", "storefront", "carrier"];
  const about = (s) => [or("side." + s.side, s.side), s.who !== s.side && s.who, or("why." + s.detail, s.detail)].filter(Boolean).join(" · ");
  function storyOf(o) {
    return el("ol.column", o.story.map((s) => el("li" + (FAR.includes(s.side) ? ".far" : ""),
      el("time", moment(s.at)),
      el("div.what", el("b", or("story." + s.event, s.event)), el("span.dim", about(s))))));
  }
  function linesOf(o) {
    return el("table", head("sku", "description", "#ordered", "#picked", "#dispatched", "#short", "#cancelled"),
      el("tbody", o.lines.map((l) => el("tr", el("td", el("b", l.sku)), el("td", l.description),
        el("td.n", l.ordered, l.units && l.unit !== "unit" ? " (" + text("lead.units", l.units, or("unit." + l.unit, l.unit)) + ")" : ""),
        el("td.n", l.picked), el("td.n", l.dispatched), el("td.n", l.short), el("td.n", l.cancelled)))));
  }
  function parcelsOf(o) {
    return el("table", head("parcel", "state", "tracking", "packaging", "#prints"),
      el("tbody", o.parcels.map((p) => el("tr", el("td", text("page.box", p.number)), el("td", or("parcel." + p.state, p.state)), el("td", p.tracking), el("td", p.packaging), el("td.n", p.prints)))));
  }
  async function recall(d, box) {
    const person = who();
    const reason = box.querySelector("input").value.trim();
    if (!person) return say(box, text("lead.name_first"));
    if (!reason) return say(box, text("lead.note_first"));
    try {
      await packd.post("/api/recall", { key: d.key, who: person, reason });
      await refresh();
      await find(d.key);
    } catch (e) {
      say(box, fault(e));
    }
    return undefined;
  }
  function dispatchesOf(o) {
    return o.dispatches.map((d) => {
      const box = el("div.choice", el("b", text("lead.dispatch", d.key, or("dispatch." + d.state, d.state))), el("p", [moment(d.at), d.packer, d.service].filter(Boolean).join(" · ")));
      if (d.state === "saved")
        box.append(el("p", text("act.recall.what")), el("input", { placeholder: text("lead.reason"), "aria-label": text("lead.reason"), maxlength: 300 }), el("button", { "data-act": "recall", onclick: () => recall(d, box) }, text("act.recall")));
      return box;
    });
  }
  function part(key, count, content) {
    return count ? [el("h3", text(key)), content] : [];
  }
  function orderOf(o) {
    return [
      el("h2", o.reference, el("span.dim", or("order." + o.state, o.state)), el("button.plain.act", { onclick: close }, text("lead.close"))),
      facts([["lead.shop_order", o.shop_order], ["lead.channel", o.channel], ["lead.clarus_status", o.clarus_status],
        ["lead.carrier", [o.carrier, o.service].filter(Boolean).join(" · ")], ["lead.promised", o.promised_service],
        ["lead.due", o.due ? moment(o.due) : ""], ["lead.checked", o.checked_at ? moment(o.checked_at) : ""], ["lead.hold", o.hold_text]]),
      ...part("lead.story", o.story.length, storyOf(o)),
      ...part("lead.dispatches", o.dispatches.length, el("div.choices", dispatchesOf(o))),
      ...part("lead.messages", o.messages.length, messages([...o.messages].reverse())),
      ...part("lead.parcels", o.parcels.length, parcelsOf(o)),
      ...part("lead.lines", o.lines.length, linesOf(o)),
      ...part("lead.exceptions", o.exceptions.length, el("ul.column", o.exceptions.map((c) => el("li", el("time", moment(c.first_seen)), el("div.what", el("b", sentence(c)), el("span.dim", c.open ? text("lead.open") : [c.closed_how, c.closed_by].filter(Boolean).join(" · "))))))),
    ];
  }
  function matchesOf(r) {
    return [
      el("h2", text("lead.several", r.matches.length, r.query), el("button.plain.act", { onclick: close }, text("lead.close"))),
      el("table", head("order", "shop_order", "state", "found_by"), el("tbody", r.matches.map((m) => el("tr",
        el("td", el("button.plain", { onclick: () => find("#" + m.id) }, m.reference)), el("td", m.shop_order), el("td", or("order." + m.state, m.state)), el("td", or("found." + m.found_by, m.found_by)))))),
    ];
  }
  async function find(ref) {
    const box = $("story");
    if (!ref) return;
    try {
      const r = await packd.get("/api/order?ref=" + encodeURIComponent(ref));
      box.replaceChildren(...(r.order ? orderOf(r.order) : matchesOf(r)));
    } catch (e) {
      box.replaceChildren(el("h2", text("lead.not_found", ref.slice(0, 60)), el("button.plain.act", { onclick: close }, text("lead.close"))), el("p.dim", fault(e)));
    }
    box.hidden = false;
    box.scrollIntoView({ block: "start" });
    window.scrollBy(0, -90);
  }
  const close = () => { $("story").hidden = true; };

  /* ------------------------------------------------------------------------------ export -- */

  function csv(name, rows) {
    if (!rows.length) return;
    const columns = Object.keys(rows[0]).filter((c) => typeof rows[0][c] !== "object");
    /* A cell that a spreadsheet would take for a formula is made text. */
    const cell = (v) => '"' + String(v ?? "").replace(/^([=+\-@\t\r])/, "'$1").replaceAll('"', '""') + '"';
    const lines = [columns.join(","), ...rows.map((r) => columns.map((c) => cell(r[c])).join(","))];
    const url = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    const link = el("a", { href: url, download: name + ".csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  /* ------------------------------------------------------------------------------- start -- */

  async function refresh() {
    await drawWrong();
    await Promise.all([drawOutbox(), drawDevices(), drawTop()]);
  }
  function words() {
    $("find").elements.ref.placeholder = text("lead.find");
    $("find").querySelector("button").textContent = text("lead.find_go");
    $("name-label").textContent = text("lead.acting_as");
    $("name").placeholder = text("lead.your_name");
    try { $("name").value = localStorage.getItem("packd-name") || ""; } catch { $("name").value = ""; }
  }
  function unreachable() {
    $("news").hidden = false;
    $("news").textContent = text("page.lost");
  }
  $("name").addEventListener("change", () => { try { localStorage.setItem("packd-name", $("name").value.trim()); } catch { /* kept for this visit only */ } });
  $("find").addEventListener("submit", (event) => { event.preventDefault(); find(event.currentTarget.elements.ref.value.trim()); });
  $("news").addEventListener("click", () => refresh().catch(unreachable));
  packd.load().then(() => {
    words();
    refresh().catch(unreachable);
    setInterval(() => look().catch(unreachable), LOOK_MS);
  }).catch(() => setTimeout(() => location.reload(), 2000));
})();
