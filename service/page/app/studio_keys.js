/** What keys do while a video is looked at. */

import { commandOf } from "./commands.js";
import { isTyping } from "./dom.js";

const SLIDER_KEYS = new Set(["ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End"]);

/** @param {Studio} studio */
export function studioKeys(studio) {
  return (event) => {
    if (isTyping(event.target) || document.querySelector("dialog[open]") || event.altKey) return;
    if (act(event)) event.preventDefault();
  };

  function act(event) {
    if (studio.stage.key(event)) return true;
    // Sliders and buttons have a use for these keys themselves.
    if (event.target.matches?.("input") && SLIDER_KEYS.has(event.key)) return false;
    if (event.key === " " && event.target.closest?.("button, a, input, summary")) return false;
    const command = commandOf(event);
    if (!command) return false;
    if (!command.drawsOnly || studio.isEditable) command.run(studio, event.key);
    return true;
  }
}
