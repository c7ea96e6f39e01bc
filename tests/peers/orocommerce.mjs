// A stand-in of the OroCommerce back-office calls that report a shipment, behind Prism with contracts/orocommerce.yaml: what the
// station asks is checked against the contract, and so is what this stand-in answers.
import { control, faulty, listen } from "./faults.mjs";
import { prism } from "./prism.mjs";

const orders = { 10427: [["MUG-RED", 1]], 10429: [["LAMP-OAK", 1], ["THROW-WOOL", 2]], 10436: [["00420", 2], ["SOAP-LAV", 2]] };
const held = Object.entries(orders).map(([identifier, lines], n) => ({
  id: String(7 + n), identifier, internal: "open", shipping: "not_shipped", trackings: [],
  lines: lines.map(([sku, quantity], i) => ({ type: "orderlineitems", id: `${7 + n}${i}`, attributes: { productSku: sku, quantity } })) }));
let next = 100;

const resource = (o) => ({ type: "orders", id: o.id, attributes: { identifier: o.identifier, customerNotes: null },
  relationships: { internalStatus: { data: { type: "orderinternalstatuses", id: o.internal } },
                   shippingStatus: { data: { type: "ordershippingstatuses", id: o.shipping } },
                   shippingTrackings: { data: o.trackings.map(({ type, id }) => ({ type, id })) },
                   lineItems: { data: o.lines.map(({ type, id }) => ({ type, id })) } } });
const refuse = (status, detail) => [status, { errors: [{ status: String(status), title: "refused", detail }] }];

function answer(method, url, body) {
  if (url.pathname === "/oauth2-token") return [200, { token_type: "Bearer", expires_in: 3600, access_token: "h.p.s" }];
  if (method === "GET" && url.pathname === "/admin/api/orders") {
    const found = held.filter((o) => o.identifier === url.searchParams.get("filter[identifier]"));
    return [200, { data: found.map(resource), included: found.flatMap((o) => [...o.lines, ...o.trackings]) }];
  }
  if (method === "POST" && url.pathname === "/admin/api/ordershippingtrackings") {
    const order = held.find((o) => o.id === body.data.relationships.orders.data[0].id);
    if (!order) return refuse(400, "no such order");
    const tracking = { ...body.data, id: String(next++) };
    order.trackings.push(tracking);
    return [201, { data: tracking }];
  }
  const order = held.find((o) => url.pathname === `/admin/api/orders/${o.id}`);
  if (method !== "PATCH" || !order) return refuse(404, "not found");
  order.shipping = body.data.relationships?.shippingStatus?.data.id ?? order.shipping;
  return [200, { data: resource(order) }];
}

const origin = await listen((req, res, bytes) => {
  const form = /urlencoded/.test(req.headers["content-type"] ?? "");
  const [status, body] = answer(req.method, new URL(req.url, "http://x"), bytes.length && !form ? JSON.parse(bytes) : null);
  const type = req.url.startsWith("/oauth2") ? "application/json" : "application/vnd.api+json";
  res.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
});

const read = (number) => {
  const order = held.find((o) => o.identifier === number);
  return { state: order.shipping, records: order.trackings.length, tracking: order.trackings[0]?.attributes.number ?? "", units: -1 };
};
const change = (number, wish) => {
  if (wish.cancel) held.find((o) => o.identifier === number).internal = "cancelled";
  return read(number);
};

const checked = await prism("contracts/orocommerce.yaml", origin);
const url = await faulty(() => checked);
console.log(JSON.stringify({ definition: "orocommerce", base_url: `${url}/admin/api`, control: await control(read, change),
  secret: "client_id: a\nclient_secret: b", options: [], partial: "partially_shipped", complete: "shipped" }));
