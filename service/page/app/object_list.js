/** The objects of a video: colour, name, whether they are shown, which one is drawn. */

import { h, fill } from "./dom.js";
import { icon } from "./icons.js";
import { cssColour } from "./palette.js";

export class ObjectList {
  #names = new Map();
  #hidden = new Set();
  active = 1;

  /**
   * @param {Object} options
   * @param {boolean} options.canName whether names can be changed
   * @param {() => void} options.onChoice another object is chosen
   * @param {(hidden: number[]) => void} options.onHidden
   * @param {((id: number) => void)|null} options.onRemove null: objects stay
   * @param {((id: number) => void)|null} options.onAbsent an object is not in the shown frame
   */
  constructor({ canName, onChoice, onHidden, onRemove, onAbsent }) {
    Object.assign(this, { canName, onChoice, onHidden, onRemove, onAbsent });
    this.list = h("ul", { class: "objects" });
    this.adder = h(
      "button",
      { type: "button", class: "small", onclick: () => this.add() },
      icon("plus"),
      "Add object",
    );
    this.element = h(
      "section",
      { class: "panel", "aria-label": "Objects" },
      h("div", { class: "panel-head" }, h("h2", { text: "Objects" }), this.adder),
      this.list,
    );
  }

  get ids() {
    return [...this.#names.keys()].sort((a, b) => a - b);
  }

  /** @returns {Object<string, string>} names that somebody has given */
  get names() {
    return Object.fromEntries([...this.#names].filter(([, name]) => name));
  }

  /** Make sure that these are listed. */
  include(ids, names = {}) {
    for (const id of ids) this.#names.set(id, names[id] ?? this.#names.get(id) ?? "");
    if (!this.#names.has(this.active)) this.active = this.ids[0] ?? 1;
    this.#show();
  }

  add() {
    let id = 1;
    while (this.#names.has(id)) id += 1;
    if (id > 255) return;
    this.#names.set(id, "");
    this.choose(id);
  }

  choose(id) {
    if (!this.#names.has(id)) return;
    this.active = id;
    this.#show();
    this.onChoice();
  }

  setEditable(isEditable) {
    this.isEditable = isEditable;
    this.adder.hidden = !isEditable;
    this.#show();
  }

  label(id) {
    return this.#names.get(id) || `Object ${id}`;
  }

  #toggle(id) {
    this.#hidden.has(id) ? this.#hidden.delete(id) : this.#hidden.add(id);
    this.#show();
    this.onHidden([...this.#hidden]);
  }

  #remove(id) {
    this.#names.delete(id);
    this.onRemove(id);
    if (!this.#names.size) this.#names.set(1, "");
    if (this.active === id) this.active = this.ids[0];
    this.#show();
    this.onChoice();
  }

  #show() {
    const focused = document.activeElement?.dataset?.focusKey;
    fill(
      this.list,
      this.ids.map((id) => this.#row(id)),
    );
    if (focused) this.list.querySelector(`[data-focus-key="${focused}"]`)?.focus();
  }

  #row(id) {
    const label = this.label(id);
    const isHidden = this.#hidden.has(id);
    const swatch = h("button", {
      type: "button",
      class: "swatch",
      "data-focus-key": `choose-${id}`,
      "aria-pressed": String(id === this.active),
      "aria-label": `Draw ${label}`,
      title: `Draw ${label} (${id})`,
      onclick: () => this.choose(id),
    });
    swatch.style.setProperty("--colour", cssColour(id));
    const name = this.canName
      ? h("input", {
          class: "name",
          value: this.#names.get(id),
          placeholder: `Object ${id}`,
          "aria-label": `Name of object ${id}`,
          maxlength: 80,
          "data-focus-key": `name-${id}`,
          onfocus: () => id !== this.active && this.choose(id),
          oninput: (event) => this.#names.set(id, event.target.value.trim()),
        })
      : h("span", { class: "name", text: label });
    return h(
      "li",
      { class: id === this.active ? "active" : "" },
      swatch,
      name,
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "data-focus-key": `eye-${id}`,
          "aria-pressed": String(isHidden),
          "aria-label": `Hide ${label}`,
          title: isHidden ? "Show" : "Hide",
          onclick: () => this.#toggle(id),
        },
        icon(isHidden ? "eyeOff" : "eye"),
      ),
      this.onAbsent && this.isEditable
        ? h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "data-focus-key": `absent-${id}`,
              "aria-label": `${label} is not in this frame`,
              title: `Not in this frame${id === this.active ? " (X)" : ""}`,
              onclick: () => this.onAbsent(id),
            },
            icon("absent"),
          )
        : null,
      this.onRemove
        ? h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": `Remove ${label}`,
              title: "Remove",
              onclick: () => this.#remove(id),
            },
            icon("trash"),
          )
        : null,
    );
  }
}
