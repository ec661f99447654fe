/** What keys do while a video is looked at. */

import { isTyping } from "./dom.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
const TOOLS = { b: "brush", e: "eraser", p: "polygon", r: "box", m: "hand" };

/** @param {Studio} studio */
export function studioKeys(studio) {
  const actions = {
    " ": () => studio.toggle(),
    Home: () => studio.show(0),
    End: () => studio.show(studio.video.frames - 1),
    "+": () => studio.stage.zoom(1.25),
    "=": () => studio.stage.zoom(1.25),
    "-": () => studio.stage.zoom(0.8),
    0: () => studio.stage.fit(),
    h: () => studio.toggleMasks(),
    n: () => studio.showNextReview(),
    "[": () => studio.setRadius(studio.easel.radius / 1.25),
    "]": () => studio.setRadius(studio.easel.radius * 1.25),
    x: () => studio.isEditable && studio.erase(),
    a: () => studio.isEditable && studio.objects.add(),
  };
  return (event) => {
    if (isTyping(event.target) || document.querySelector("dialog[open]") || event.altKey) return;
    if (act(event)) event.preventDefault();
  };

  function act(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (studio.stage.key(event)) return true;
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z" && key !== "y") return false;
      studio.undo(key === "y" || event.shiftKey);
      return true;
    }
    // Sliders and buttons have a use for these keys themselves.
    if (event.target.matches?.("input") && (key in STEPS || key === "Home" || key === "End")) return false;
    if (key === " " && event.target.closest?.("button, a, input, summary")) return false;
    if (key in STEPS) studio.show(studio.frame + STEPS[key]);
    else if (key in TOOLS) studio.choose(TOOLS[key]);
    else if (/^[1-9]$/.test(key)) studio.objects.choose(Number(key));
    else if (key in actions) actions[key]();
    else return false;
    return true;
  }
}
