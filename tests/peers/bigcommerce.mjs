// The shop of packpeers (its address is the argument) behind Prism with the restated contract; only Orders V2 is checked.
import { control, faulty } from "./faults.mjs";
import { prism } from "./prism.mjs";

const shop = new URL(process.argv[2]);
const prefix = shop.pathname;

const headers = { "x-auth-token": "shop-token", accept: "application/json" };
async function read(number) {
  const order = await (await fetch(`${shop}/v2/orders/${number}`, { headers })).json();
  const answer = await fetch(`${shop}/v2/orders/${number}/shipments`, { headers });
  const shipments = answer.status === 200 ? await answer.json() : [];
  return { state: String(order.status_id), records: shipments.length, tracking: shipments[0]?.tracking_number ?? "",
           units: shipments.flatMap((s) => s.items).reduce((sum, i) => sum + i.quantity, 0) };
}
async function change(number, wish) {
  if (wish.cancel) await fetch(`${shop}/v2/orders/${number}`, { method: "PUT", body: JSON.stringify({ status_id: 5 }),
    headers: { ...headers, "content-type": "application/json" } });
  return read(number);
}

const checked = await prism("contracts/bigcommerce.yaml", shop.href);
const url = await faulty((path) => (path.startsWith(`${prefix}/v2`) ? checked : shop.origin),
  (path, target) => (target === checked ? path.slice(prefix.length) : path));
console.log(JSON.stringify({ definition: "bigcommerce", base_url: `${url}${prefix}`, control: await control(read, change),
  secret: "shop-token", options: [], partial: "3", complete: "2" }));
