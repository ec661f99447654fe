/** A slider over the frames; under it, how sure the masks are and which frames matter. */

import { h, fill } from "./dom.js";
import { plural } from "./format.js";

const STRIP_HEIGHT = 44;
const LANE = 10;
const [DOUBTFUL, FAIR] = [0.7, 0.75]; // below the first, frames are worth a look
const MARGIN = 8; // so much of the slider is its handle

export class Timeline {
  #frame = 0;
  #sureness = null;
  #marks = { given: [], drawn: [], review: [] };
  #isDone = null;

  /** @param {(frame: number) => void} onSeek */
  constructor(frames, onSeek) {
    this.frames = frames;
    this.slider = h("input", {
      type: "range",
      class: "scrubber",
      min: 0,
      max: frames - 1,
      step: 1,
      value: 0,
      "aria-label": "Frame",
      oninput: () => onSeek(this.slider.valueAsNumber),
    });
    this.canvas = h("canvas", {
      class: "strip",
      height: STRIP_HEIGHT,
      "aria-hidden": "true",
      onpointerdown: (event) => this.#seek(event, onSeek),
      onpointermove: (event) => event.buttons && this.#seek(event, onSeek),
    });
    this.legend = h("p", { class: "legend" });
    this.element = h("div", { class: "timeline" }, this.slider, this.canvas, this.legend);
    this.resizing = new ResizeObserver(() => this.#paint());
    this.resizing.observe(this.canvas);
    this.onTheme = () => this.#paint();
    document.addEventListener("theme-changed", this.onTheme);
  }

  close() {
    this.resizing.disconnect();
    document.removeEventListener("theme-changed", this.onTheme);
  }

  setFrame(frame) {
    this.#frame = frame;
    this.slider.value = frame;
    this.slider.setAttribute("aria-valuetext", `Frame ${frame} of ${this.frames - 1}`);
    this.#paint();
  }

  /** @param {Float32Array|null} sureness lowest confidence of any object, by frame */
  setSureness(sureness) {
    this.#sureness = sureness;
    this.#paint();
  }

  /** @param {{given?: number[], drawn?: number[], review?: number[]}} marks frames */
  setMarks(marks) {
    Object.assign(this.#marks, marks);
    this.#paint();
  }

  /** @param {Uint8Array} isDone 1 where a mask is finished */
  setDone(isDone) {
    this.#isDone = isDone;
    this.#paint();
  }

  #seek(event, onSeek) {
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left - MARGIN) / (box.width - 2 * MARGIN);
    onSeek(Math.max(0, Math.min(this.frames - 1, Math.round(share * (this.frames - 1)))));
  }

  #paint() {
    const width = this.canvas.clientWidth;
    if (!width) return;
    const ratio = devicePixelRatio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(STRIP_HEIGHT * ratio);
    const g = this.canvas.getContext("2d");
    g.scale(ratio, ratio);
    const style = getComputedStyle(this.canvas);
    const colours = (name) => style.getPropertyValue(`--${name}`);
    const middle = (frame) =>
      MARGIN + (frame / Math.max(1, this.frames - 1)) * (width - 2 * MARGIN);
    this.#paintBars(g, width, middle, colours);
    for (const [name, frames] of Object.entries(this.#marks)) {
      g.fillStyle = colours(`mark-${name}`);
      for (const frame of frames) paintMark(g, name, middle(frame));
    }
    g.fillStyle = colours("text");
    g.fillRect(middle(this.#frame) - 0.75, 0, 1.5, STRIP_HEIGHT);
    this.#explain();
  }

  #paintBars(g, width, middle, colours) {
    const bottom = STRIP_HEIGHT - LANE;
    g.fillStyle = colours("strip");
    g.fillRect(0, LANE, width, bottom - LANE);
    const columns = Math.min(Math.round(width), this.frames);
    for (let column = 0; column < columns; column++) {
      const from = Math.floor((column * this.frames) / columns);
      const to = Math.max(from + 1, Math.floor(((column + 1) * this.frames) / columns));
      const x = Math.max(0, middle(from - 0.5));
      const wide = Math.min(width, middle(to - 0.5)) - x + 0.5;
      if (this.#sureness) {
        const lowest = Math.min(...this.#sureness.subarray(from, to));
        g.fillStyle = colours(lowest < DOUBTFUL ? "unsure" : lowest < FAIR ? "fair" : "sure");
        const tall = Math.max(2, lowest * (bottom - LANE));
        g.fillRect(x, bottom - tall, wide, tall);
      } else if (this.#isDone?.subarray(from, to).some(Boolean)) {
        g.fillStyle = colours("sure");
        g.fillRect(x, bottom - 6, wide, 6);
      }
    }
  }

  #explain() {
    const { given, drawn, review } = this.#marks;
    const entry = (kind, text) => h("span", { class: `key ${kind}`, text });
    fill(
      this.legend,
      this.#sureness
        ? entry("sure", "Confidence")
        : this.#isDone
          ? entry("sure", "Finished")
          : null,
      given.length ? entry("given", `${plural(given.length, "given mask")}`) : null,
      drawn.length ? entry("drawn", `${plural(drawn.length, "drawn frame")}`) : null,
      review.length ? entry("review", `${plural(review.length, "frame")} worth a look`) : null,
    );
  }
}

function paintMark(g, name, x) {
  g.beginPath();
  if (name === "review") {
    g.moveTo(x - 4.5, 0);
    g.lineTo(x + 4.5, 0);
    g.lineTo(x, LANE - 2);
  } else {
    g.arc(x, STRIP_HEIGHT - LANE / 2, name === "drawn" ? 4 : 3, 0, 7);
  }
  g.fill();
}
