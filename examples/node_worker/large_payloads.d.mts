// Types of large_payloads.mjs. The answer is that of the handler, with pointers in the place of large parts.
export interface Options {
  open?: string[];
  list?: string[];
  plain?: string[];
  at_most?: number; // bytes of the answer
  execution_id?: string;
}
export function largePayloads<Event, Context, Answer>(
  handler: (event: Event, context: Context) => Answer | Promise<Answer>,
  options?: Options,
): (event: Event, context: Context) => Promise<any>;
