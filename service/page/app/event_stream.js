/** Server-sent events by fetch, which can send a key, where EventSource cannot. */

import { request } from "./api.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const PASSING = [408, 425, 429];

/**
 * Follow events until `onEvent` returns true or the signal stops it; reconnects after a break and
 * goes on where it was. Throws where the service refuses for good, as for a job that is gone.
 * @param {(type: string, data: Object) => boolean|void} onEvent
 * @param {(isConnected: boolean) => void} onConnection
 */
export async function follow(path, onEvent, { signal, onConnection = () => {} }) {
  let lastId = null;
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      const headers = lastId ? { "Last-Event-ID": lastId } : {};
      const response = await request(path, { headers, signal, cache: "no-store" });
      onConnection(true);
      for await (const event of parse(response.body)) {
        wait = FIRST_WAIT_MS;
        lastId = event.id ?? lastId;
        if (onEvent(event.type, JSON.parse(event.data))) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isRefusal(error)) throw error;
    }
    onConnection(false);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  }
}

/** Whether asking again would get the same answer. */
function isRefusal({ status }) {
  return status >= 400 && status < 500 && !PASSING.includes(status);
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
