// A handler of any event in Node.js: adds the orders by customer to the document, however large.
import { largePayloads } from "./large_payloads.mjs";

export const handler = largePayloads(async (event) => {
  const customers = Object.create(null); // a customer may be called "constructor"
  for (const order of event.orders) (customers[order.customer] ??= []).push(order.order);
  return { ...event, customers };
});
