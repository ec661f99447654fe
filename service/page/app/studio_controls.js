/** The buttons and sliders around a picture; a studio keeps those that change. */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { guarded } from "./notices.js";

const TOOLS = [
  ["brush", "Brush", "B"], ["eraser", "Eraser", "E"], ["polygon", "Polygon", "P"], ["box", "Box", "R"], ["hand", "Move the picture", "M"],
];

/** Tools, brush size, undo and redo. */
export function makeToolbar(studio) {
  studio.undoButton = iconButton("undo", "Undo", "Ctrl Z", () => studio.undo());
  studio.redoButton = iconButton("redo", "Redo", "Ctrl Shift Z", () => studio.undo(true));
  studio.size = h("input", { type: "range", class: "size", min: 1, max: 100, step: 0.5, value: studio.easel.radius, "aria-label": "Brush radius in pixels", title: "Brush size ([ and ])", oninput: () => studio.setRadius(studio.size.valueAsNumber) });
  studio.toolbar = h("div", { class: "toolbar", role: "toolbar", "aria-label": "Tools", "aria-orientation": "vertical" },
    TOOLS.map(([name, label, key]) => h("button", { type: "button", class: "icon-button", "data-tool": name, "aria-pressed": "false", "aria-label": label, title: `${label} (${key})`, onclick: () => studio.choose(name) }, icon(name))),
    h("span", { class: "rule", role: "separator" }), studio.size, h("span", { class: "rule", role: "separator" }), studio.undoButton, studio.redoButton);
  return studio.toolbar;
}

/** Frames, masks, zoom, and the timeline. */
export function makeTransport(studio) {
  const last = studio.video.frames - 1;
  studio.playButton = h("button", { type: "button", class: "icon-button", title: "Play (Space)", onclick: () => studio.toggle() });
  studio.number = h("input", { type: "number", class: "frame-number", min: 0, max: last, value: 0, "aria-label": "Frame number", onchange: () => studio.show(studio.number.valueAsNumber || 0) });
  studio.time = h("span", { class: "time" });
  studio.opacity = h("input", { type: "range", id: "opacity", min: 0, max: 100, value: 50, oninput: () => studio.setOpacity(studio.opacity.valueAsNumber / 100) });
  return h("section", { class: "transport", "aria-label": "Timeline" },
    h("div", { class: "controls" },
      h("div", { class: "group" },
        iconButton("first", "First frame", "Home", () => studio.show(0)), iconButton("previous", "Frame back", "←", () => studio.show(studio.frame - 1)),
        studio.playButton,
        iconButton("next", "Frame forward", "→", () => studio.show(studio.frame + 1)), iconButton("last", "Last frame", "End", () => studio.show(last))),
      h("div", { class: "group" }, studio.number, h("span", { class: "of", text: `of ${last}` }), studio.time),
      h("div", { class: "group" }, h("label", { for: "opacity", text: "Masks" }), studio.opacity),
      h("div", { class: "group" }, iconButton("minus", "Zoom out", "−", () => studio.stage.zoom(0.8)), iconButton("plus", "Zoom in", "+", () => studio.stage.zoom(1.25)), iconButton("fit", "Fit into the window", "0", () => studio.stage.fit()))),
    studio.timeline.element, studio.stage.hint);
}

function iconButton(name, label, key, action) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: key ? `${label} (${key})` : label, onclick: guarded(action) }, icon(name));
}

