/** Frames to go to. */

import { h } from "./dom.js";

/** @param {(frame: number) => void} onChoice */
export function frameChips(frames, label, onChoice, kind = "") {
  return h(
    "ul",
    { class: "chips", "aria-label": label },
    frames.map((frame) =>
      h(
        "li",
        {},
        h("button", {
          type: "button",
          class: `chip ${kind}`,
          "aria-label": `Go to frame ${frame}`,
          text: String(frame),
          onclick: () => onChoice(frame),
        }),
      ),
    ),
  );
}
