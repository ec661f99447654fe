/** The masks that are being drawn, by frame, with undo and redo over all of them. */

import { Rect } from "./label_map.js";

const MOST_STEPS = 200;

export class MaskEdits {
  #maps = new Map();
  #found = new Map();
  #done = [];
  #undone = [];
  #open = null;

  /** @param {() => void} onChange told after each step, undo and redo */
  constructor(onChange = () => {}) {
    this.onChange = onChange;
  }

  /** @returns {import('./label_map.js').LabelMap|undefined} */
  get(frame) {
    return this.#maps.get(frame);
  }

  /** Frames that were drawn on, ascending. */
  get frames() {
    return [...this.#maps.keys()].sort((a, b) => a - b);
  }

  /** Ids that were there before a frame was drawn on and are gone now, ascending. */
  absent(frame) {
    const drawn = this.#maps.get(frame).objects();
    return this.#found.get(frame).filter((id) => !drawn.includes(id));
  }

  /** Ids that the mask of a frame speaks for: those in it and those absent from it, ascending. */
  spokenFor(frame) {
    return [...this.#maps.get(frame).objects(), ...this.absent(frame)].sort((a, b) => a - b);
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** Start a step on a frame that shows `labels`; returns the map to draw into. */
  begin(frame, labels) {
    const isNew = !this.#maps.has(frame);
    if (isNew) {
      this.#maps.set(frame, labels.copy());
      this.#found.set(frame, labels.objects());
    }
    const map = this.#maps.get(frame);
    this.#open = { frame, isNew, map, before: map.copy(), rect: new Rect() };
    return map;
  }

  /** Add to what the step has changed. */
  extend(rect) {
    this.#open.rect = this.#open.rect.include(rect);
  }

  end() {
    const { frame, isNew, map, before, rect } = this.#open;
    this.#open = null;
    if (rect.isEmpty) {
      if (isNew) this.#maps.delete(frame);
      return;
    }
    this.#done.push({
      frame,
      isNew,
      rect,
      before: before.read(rect),
      after: map.read(rect),
      base: isNew ? before : null,
    });
    if (this.#done.length > MOST_STEPS) this.#done.shift();
    this.#undone = [];
    this.onChange();
  }

  /** @returns {{frame: number, rect: Rect}|null} what looks different now */
  undo() {
    const step = this.#done.pop();
    if (!step) return null;
    this.#maps.get(step.frame).write(step.rect, step.before);
    if (step.isNew) this.#maps.delete(step.frame);
    this.#undone.push(step);
    this.onChange();
    return step;
  }

  redo() {
    const step = this.#undone.pop();
    if (!step) return null;
    if (step.isNew) this.#maps.set(step.frame, step.base.copy());
    this.#maps.get(step.frame).write(step.rect, step.after);
    this.#done.push(step);
    this.onChange();
    return step;
  }
}
