/** The buttons and sliders around a picture. */

import { commandNamed, TOOLS } from "./commands.js";
import { fill, h } from "./dom.js";
import { clock } from "./format.js";
import { icon } from "./icons.js";
import { guarded } from "./notices.js";

/** Tools, brush size, undo and redo. */
export class Toolbar {
  #tools;
  #size;
  #undo;
  #redo;

  /** @param {Studio} studio what the buttons act on */
  constructor(studio) {
    this.#tools = TOOLS.map(({ name }) => commandButton(studio, name));
    for (const [index, button] of this.#tools.entries()) {
      button.dataset.tool = TOOLS[index].name;
      button.setAttribute("aria-pressed", "false");
    }
    this.#size = h("input", {
      type: "range",
      class: "size",
      min: 1,
      max: 100,
      step: 0.5,
      "aria-label": "Brush radius in pixels",
      title: "Brush size ([ and ])",
      oninput: () => studio.setRadius(this.#size.valueAsNumber),
    });
    this.#undo = commandButton(studio, "undo");
    this.#redo = commandButton(studio, "redo");
    const rule = () => h("span", { class: "rule", role: "separator" });
    this.element = h(
      "div",
      { class: "toolbar", role: "toolbar", "aria-label": "Tools", "aria-orientation": "vertical" },
      this.#tools,
      rule(),
      this.#size,
      rule(),
      this.#undo,
      this.#redo,
    );
  }

  /** Moving the picture is always possible, drawing is not. */
  setEditable(isEditable) {
    for (const button of this.#tools)
      button.disabled = !isEditable && button.dataset.tool !== "hand";
    this.#size.disabled = !isEditable;
  }

  setTool(name) {
    for (const button of this.#tools)
      button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  }

  /** @param {number} radius in pixels of the video */
  setRadius(radius) {
    this.#size.value = radius;
  }

  setSteps({ canUndo, canRedo }) {
    this.#undo.disabled = !canUndo;
    this.#redo.disabled = !canRedo;
  }
}

/** Frames, masks, zoom, and the timeline. */
export class Transport {
  #play;
  #number;
  #time;
  #opacity;
  #frameRate;

  /** @param {Studio} studio what the buttons act on; its stage and timeline are made already */
  constructor(studio) {
    const last = studio.video.frames - 1;
    const button = (name) => commandButton(studio, name);
    const group = (...children) => h("div", { class: "group" }, ...children);
    this.#frameRate = studio.video.frame_rate;
    this.#play = button("play");
    this.#number = h("input", {
      type: "number",
      class: "frame-number",
      min: 0,
      max: last,
      value: 0,
      "aria-label": "Frame number",
      onchange: () => studio.show(this.#number.valueAsNumber || 0),
    });
    this.#time = h("span", { class: "time" });
    this.#opacity = h("input", {
      type: "range",
      id: "opacity",
      min: 0,
      max: 100,
      value: 50,
      oninput: () => studio.setOpacity(this.#opacity.valueAsNumber / 100),
    });
    this.element = h(
      "section",
      { class: "transport", "aria-label": "Timeline" },
      h(
        "div",
        { class: "controls" },
        group(button("first"), button("previous"), this.#play, button("next"), button("last")),
        group(this.#number, h("span", { class: "of", text: `of ${last}` }), this.#time),
        group(h("label", { for: "opacity", text: "Masks" }), this.#opacity),
        group(button("minus"), button("plus"), button("fit")),
      ),
      studio.timeline.element,
      studio.stage.hint,
    );
  }

  setFrame(frame) {
    this.#number.value = frame;
    this.#time.textContent = this.#frameRate ? clock(frame / this.#frameRate) : "";
  }

  setPlaying(isPlaying) {
    fill(this.#play, icon(isPlaying ? "pause" : "play"));
    this.#play.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
  }

  /** @param {number} opacity 0 to 1 */
  setOpacity(opacity) {
    this.#opacity.value = Math.round(100 * opacity);
  }
}

/** A button for a command of the table; its icon has the command's name. */
function commandButton(studio, name) {
  const { label, shown, run } = commandNamed(name);
  return h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": label,
      title: `${label} (${shown})`,
      onclick: guarded(() => run(studio)),
    },
    icon(name),
  );
}
