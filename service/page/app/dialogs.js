/** Dialogs: the browser's own, which keep the focus inside and close on Escape. */

import { apiKey } from "./api.js";
import { COMMANDS } from "./commands.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

function open(title, ...content) {
  const id = `dialog-${crypto.randomUUID()}`;
  const dialog = h(
    "dialog",
    { "aria-labelledby": id },
    h(
      "header",
      {},
      h("h2", { id, text: title }),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Close",
          onclick: () => dialog.close(),
        },
        icon("close"),
      ),
    ),
    ...content,
  );
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
    const field = h("input", {
      type: "password",
      id: "api-key",
      autocomplete: "off",
      spellcheck: "false",
      value: before,
    });
    const form = h(
      "form",
      { method: "dialog", onsubmit: () => apiKey.set(field.value.trim()) },
      reason ? h("p", { class: "reason", text: reason }) : null,
      h("label", { for: "api-key", text: "API key" }),
      field,
      h("p", {
        class: "hint",
        text: "Kept in this browser, and sent with each request. Leave it empty where the service has no keys.",
      }),
      h("div", { class: "actions" }, h("button", { class: "primary", text: "Save" })),
    );
    const dialog = open("API key", form);
    dialog.addEventListener("close", () => resolve(apiKey.get() !== before));
    field.focus();
  });
}

export function confirmAction(title, text, action) {
  return new Promise((resolve) => {
    let answer = false;
    const dialog = open(
      title,
      h("p", { text }),
      h(
        "div",
        { class: "actions" },
        h("button", {
          type: "button",
          text: "Keep",
          autofocus: true,
          onclick: () => dialog.close(),
        }),
        h("button", {
          type: "button",
          class: "danger",
          text: action,
          onclick: () => ((answer = true), dialog.close()),
        }),
      ),
    );
    dialog.addEventListener("close", () => resolve(answer));
  });
}

/** All keys, by what they are for. */
export function showHelp() {
  const groups = Map.groupBy(COMMANDS, (command) => command.group);
  open(
    "Keyboard",
    h(
      "div",
      { class: "shortcuts", tabindex: "0", role: "group", "aria-label": "Shortcuts" },
      [...groups].map(([title, commands]) =>
        h("section", {}, h("h3", { text: title }), h("dl", {}, commands.map(shortcut))),
      ),
    ),
  );
}

function shortcut({ shown, label, help = label }) {
  return h("div", {}, h("dt", {}, h("kbd", { text: shown })), h("dd", { text: help }));
}
