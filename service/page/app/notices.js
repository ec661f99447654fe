/** Messages that come up and go again; errors stay until they are closed. */

import { h } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 5000;

export function notify(text, kind = "info") {
  const notice = h(
    "div",
    { class: `notice ${kind}`, role: kind === "error" ? "alert" : "status" },
    h("p", { text }),
  );
  notice.append(
    h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": "Close message",
        onclick: () => notice.remove(),
      },
      icon("close"),
    ),
  );
  const region = document.getElementById("notices");
  // The same words twice say nothing new.
  for (const other of region.children)
    if (other.querySelector("p").textContent === text) other.remove();
  region.append(notice);
  if (kind !== "error") setTimeout(() => notice.remove(), SHOWN_MS);
}

export function notifyError(error) {
  if (error.name === "AbortError" || error.status === 401) return; // for a key somebody else asks
  if (!("code" in error)) console.error(error);
  notify(error.message, "error");
}

/** A listener whose errors are shown. */
export function guarded(action) {
  return async (...args) => {
    try {
      return await action(...args);
    } catch (error) {
      notifyError(error);
    }
  };
}
