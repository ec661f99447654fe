/** Dialogs: the browser's own, which keep the focus inside and close on Escape. */

import { apiKey } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

function open(title, ...content) {
  const id = `dialog-${crypto.randomUUID()}`;
  const dialog = h("dialog", { "aria-labelledby": id },
    h("header", {}, h("h2", { id, text: title }),
      h("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))),
    ...content);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Ask for the key; resolves once it is closed, to whether there is another key now. */
export function askForKey(reason = "") {
  return new Promise((resolve) => {
    const before = apiKey.get();
    const field = h("input", { type: "password", id: "api-key", autocomplete: "off", spellcheck: "false", value: before });
    const form = h("form", { method: "dialog", onsubmit: () => apiKey.set(field.value.trim()) },
      reason ? h("p", { class: "reason", text: reason }) : null,
      h("label", { for: "api-key", text: "API key" }), field,
      h("p", { class: "hint", text: "Kept in this browser, and sent with each request. Leave it empty where the service has no keys." }),
      h("div", { class: "actions" }, h("button", { class: "primary", text: "Save" })));
    const dialog = open("API key", form);
    dialog.addEventListener("close", () => resolve(apiKey.get() !== before));
    field.focus();
  });
}

export function confirmAction(title, text, action) {
  return new Promise((resolve) => {
    let answer = false;
    const dialog = open(title, h("p", { text }), h("div", { class: "actions" },
      h("button", { type: "button", text: "Keep", autofocus: true, onclick: () => dialog.close() }),
      h("button", { type: "button", class: "danger", text: action, onclick: () => ((answer = true), dialog.close()) })));
    dialog.addEventListener("close", () => resolve(answer));
  });
}

const SHORTCUTS = [
  ["Look", [
    ["← →", "One frame back, forward"], ["Page Up, Page Down", "Ten frames back, forward"], ["Home, End", "First, last frame"],
    ["Space", "Play, pause"], ["N", "Next frame worth a look"], ["+ −", "Zoom in, out"], ["0", "Fit into the window"],
    ["H", "Show the picture without masks"], ["Mouse wheel", "Zoom at the pointer"], ["Right or middle button", "Move the picture"],
  ]],
  ["Draw", [
    ["B", "Brush"], ["E", "Eraser"], ["P", "Polygon: click corners, Enter closes it"], ["R", "Box"], ["M", "Move the picture"],
    ["[ ]", "Smaller, larger brush"], ["1 to 9", "Choose an object"], ["A", "Add an object"], ["X", "The object is not in this frame"],
    ["Ctrl Z, Ctrl Shift Z", "Undo, redo"], ["Ctrl Enter", "Send"],
  ]],
  ["Draw by keyboard, with the picture focused", [
    ["Shift and arrows", "Move the crosshair; with Ctrl by one pixel"], ["Enter", "Put the brush, a corner, or a box corner there"],
    ["Shift Enter", "Close the polygon"], ["Escape", "Give up the shape"],
  ]],
];

export function showHelp() {
  open("Keyboard", h("div", { class: "shortcuts", tabindex: "0", role: "group", "aria-label": "Shortcuts" }, SHORTCUTS.map(([title, rows]) => h("section", {},
    h("h3", { text: title }),
    h("dl", {}, rows.map(([keys, does]) => h("div", {}, h("dt", {}, keys.split(", ").flatMap((key, i) => [i ? ", " : null, h("kbd", { text: key })])), h("dd", { text: does }))))))));
}
