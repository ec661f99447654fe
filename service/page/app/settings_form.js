/** What to make of a segmentation: model and outputs. */

import { getJson } from "./api.js";
import { h } from "./dom.js";

const OUTPUTS = [
  ["overlay", "Overlay video"],
  ["coco", "COCO file"],
  ["alpha", "Cut-out video"],
];

export class SegmentSettings {
  constructor() {
    this.model = h("select", { id: "model" }, h("option", { value: "", text: "The one in use" }));
    this.adapt = h("input", { type: "checkbox", id: "adapt" });
    this.boxes = OUTPUTS.map(([name, label]) => [
      name,
      h("input", { type: "checkbox", id: `output-${name}`, checked: true }),
      label,
    ]);
    this.element = h(
      "section",
      { class: "panel", "aria-label": "Outputs" },
      h("h2", { text: "Outputs" }),
      h(
        "div",
        { class: "checks" },
        this.boxes.map(([name, box, label]) => h("label", { for: `output-${name}` }, box, label)),
      ),
      h("label", { class: "field", for: "model" }, "Model", this.model),
      h(
        "div",
        { class: "checks" },
        h(
          "label",
          {
            for: "adapt",
            title: "Trains the model on this video for a few steps before it is used",
          },
          this.adapt,
          "Adapt it to this video first",
        ),
      ),
    );
    this.#listModels();
  }

  /** Add the choices to a form. */
  addTo(form) {
    form.append(
      "outputs",
      ["masks", ...this.boxes.filter(([, box]) => box.checked).map(([name]) => name)].join(","),
    );
    if (this.adapt.checked) form.append("adapt", "true");
    if (this.model.value) form.append("model", this.model.value);
  }

  async #listModels() {
    const { models } = await getJson("/models").catch(() => ({ models: [] }));
    for (const { name, promoted } of models) {
      if (promoted) this.model.options[0].textContent = `In use: ${name}`;
      this.model.append(h("option", { value: name, text: name }));
    }
  }
}
