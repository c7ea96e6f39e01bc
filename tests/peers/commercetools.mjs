// The commercetools mock of labd behind Prism with the contract of contracts/commercetools.yaml.
import { randomUUID } from "node:crypto";
import { CommercetoolsMock } from "@labdigital/commercetools-mock";
import { control, faulty } from "./faults.mjs";
import { prism } from "./prism.mjs";

const mock = new CommercetoolsMock({ enableAuthentication: true, validateCredentials: false,
                                     defaultProjectKey: "demo", silent: true });
await mock.app.listen({ port: 0, host: "127.0.0.1" });
const origin = `http://127.0.0.1:${mock.app.server.address().port}`;

// The demonstration orders of Clarus, as the shop knows them.
const orders = { 10427: [["MUG-RED", 1]], 10429: [["LAMP-OAK", 1], ["THROW-WOOL", 2]], 10436: [["00420", 2], ["SOAP-LAV", 2]] };
const money = { type: "centPrecision", currencyCode: "GBP", centAmount: 100, fractionDigits: 2 };
const line = ([sku, quantity]) => ({
  id: randomUUID(), productId: randomUUID(), name: { en: sku }, productType: { typeId: "product-type", id: randomUUID() },
  variant: { id: 1, sku, prices: [], images: [], attributes: [] }, price: { id: randomUUID(), value: money }, quantity,
  totalPrice: money, discountedPricePerQuantity: [], taxedPricePortions: [], state: [], perMethodTaxRate: [],
  priceMode: "Platform", lineItemMode: "Standard" });
for (const [number, lines] of Object.entries(orders)) {
  await mock.project("demo").unsafeAdd("order", {
    id: randomUUID(), version: 1, createdAt: new Date().toISOString(), lastModifiedAt: new Date().toISOString(),
    orderNumber: number, orderState: "Open", origin: "Customer", lineItems: lines.map(line), customLineItems: [], totalPrice: money,
    shippingMode: "Single", shipping: [], syncInfo: [], refusedGifts: [],
    shippingAddress: { country: "GB", firstName: "Ann", lastName: "Lee", streetName: "Mill Road", streetNumber: "4",
                       city: "Leeds", postalCode: "LS1 4AP" },
    shippingInfo: { shippingMethodName: number === "10429" ? "Next day before noon" : "Next day before 6pm", price: money, shippingRate: { price: money, tiers: [] },
                    shippingMethodState: "MatchesCart", deliveries: [] } });
}

const token = await (await fetch(`${origin}/oauth/token`, { method: "POST", body: "grant_type=client_credentials",
  headers: { "content-type": "application/x-www-form-urlencoded", authorization: `Basic ${btoa("a:b")}` } })).json();
const headers = { authorization: `Bearer ${token.access_token}`, "content-type": "application/json" };
const at = (number) => `${origin}/demo/orders/order-number=${number}`;

async function read(number) {
  const order = await (await fetch(at(number), { headers })).json();
  const parcels = order.shippingInfo.deliveries.flatMap((d) => d.parcels);
  return { state: order.shipmentState ?? "", records: parcels.length, tracking: parcels[0]?.trackingData?.trackingId ?? "",
           units: order.shippingInfo.deliveries.flatMap((d) => d.items).reduce((sum, i) => sum + i.quantity, 0) };
}

// {"cancel": true}, or {"ship": n}: somebody over there sends n of the first line.
async function change(number, wish) {
  const order = await (await fetch(at(number), { headers })).json();
  const action = wish.cancel ? { action: "changeOrderState", orderState: "Cancelled" }
    : { action: "addDelivery", items: [{ id: order.lineItems[0].id, quantity: wish.ship }], parcels: [] };
  await fetch(`${origin}/demo/orders/${order.id}`, { method: "POST", headers,
    body: JSON.stringify({ version: order.version, actions: [action] }) });
  return read(number);
}

const checked = await prism("contracts/commercetools.yaml", origin);
const url = await faulty((path) => (path.startsWith("/oauth") ? origin : checked));
console.log(JSON.stringify({ definition: "commercetools", base_url: `${url}/demo`, control: await control(read, change),
  secret: "client_id: a\nclient_secret: b", options: [`token_url=${url}/oauth/token`, "scope=manage_orders:demo"],
  partial: "Partial", complete: "Shipped" }));
