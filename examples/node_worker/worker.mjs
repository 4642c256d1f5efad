// A worker in Node.js: groups current_state.orders by customer, however large the state is.
import { folderOf, opened, stored, whole } from "./pointers.mjs";

const INLINE_BYTES = 60 * 1024; // always fits beside the bag

export async function handler({ state_data: bag }) {
  const folder = folderOf(bag.execution_id);
  const state = await opened(bag.current_state, folder);
  const customers = Object.create(null); // a customer may be called "constructor"
  for (const order of await whole(state.orders, folder)) {
    (customers[order.customer] ??= []).push(order);
  }
  const result = { status: "CONTINUE", current_state: { customers } };
  const isLarge = Buffer.byteLength(JSON.stringify(result)) > INLINE_BYTES;
  return isLarge ? stored(result, folder) : result;
}
