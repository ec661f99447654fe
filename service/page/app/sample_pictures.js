/** What a network in training makes of clips, step by step. */

import { getBlob, getJson } from "./api.js";
import { fill, h } from "./dom.js";
import { notifyError } from "./notices.js";

const LOOK_MS = 5000;

export class SamplePictures {
  #steps = [];
  #shown = null;
  #looked = 0;

  /** @param {string} path of the job */
  constructor(path) {
    this.path = path;
    this.image = h("img", { class: "sample", alt: "" });
    this.choice = h("input", {
      type: "range",
      min: 0,
      step: 1,
      "aria-label": "Step of the picture",
      oninput: () => this.#show(this.#steps[this.choice.valueAsNumber]).catch(notifyError),
    });
    this.caption = h("figcaption", {});
    this.element = h(
      "section",
      { class: "samples", "aria-label": "Sample reconstructions", hidden: true },
      h("h2", { text: "Sample reconstructions" }),
      h("p", {
        class: "hint",
        text: "From left to right: a past frame, the frame with its cutout, what the network makes of it, the tags, the colours it copies.",
      }),
      h("figure", {}, this.image, this.caption),
      this.choice,
    );
  }

  /** Look whether there are more, at most every few seconds until the last; shows the newest. */
  async load(isLast = false) {
    if (!isLast && Date.now() - this.#looked < LOOK_MS) return;
    this.#looked = Date.now();
    const { steps } = await getJson(`${this.path}/pictures`);
    if (!steps.length || steps.at(-1) === this.#steps.at(-1)) return;
    this.#steps = steps;
    this.choice.max = steps.length - 1;
    this.choice.value = steps.length - 1;
    this.choice.hidden = steps.length < 2;
    await this.#show(steps.at(-1));
    this.element.hidden = false;
  }

  async #show(step) {
    this.#shown = step;
    const blob = await getBlob(`${this.path}/pictures/${step}`);
    if (step !== this.#shown) return;
    URL.revokeObjectURL(this.image.src);
    this.image.src = URL.createObjectURL(blob);
    this.image.alt = `Reconstructions at step ${step}`;
    fill(this.caption, `Step ${step}`);
  }
}
