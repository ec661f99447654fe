/** Server-sent events by fetch, which can send a key, where EventSource cannot. */

import { authorization } from "./api.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

/**
 * Follow events until `onEvent` returns true or the signal stops it; reconnects after a break and
 * goes on where it was.
 * @param {(type: string, data: Object) => boolean|void} onEvent
 * @param {(isConnected: boolean) => void} onConnection
 */
export async function follow(path, onEvent, { signal, onConnection = () => {} }) {
  let lastId = null;
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      const headers = { ...authorization(), ...(lastId ? { "Last-Event-ID": lastId } : {}) };
      const response = await fetch(path, { headers, signal, cache: "no-store" });
      if (response.status >= 400 && response.status < 500) return;
      if (response.ok) {
        onConnection(true);
        for await (const event of parse(response.body)) {
          wait = FIRST_WAIT_MS;
          lastId = event.id ?? lastId;
          if (onEvent(event.type, JSON.parse(event.data))) return;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
    }
    onConnection(false);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  }
}

async function* parse(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { type: "message", id: null, data: [] };
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r\n|\n|\r/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (event.data.length) yield { ...event, data: event.data.join("\n") };
        event = { type: "message", id: null, data: [] };
        continue;
      }
      const [, name, text] = /^([^:]*):? ?(.*)$/.exec(line);
      if (name === "event") event.type = text;
      else if (name === "id") event.id = text;
      else if (name === "data") event.data.push(text);
    }
  }
}
