/** Cards and tables of the training view. */

import { h } from "../dom.js";

/** A card with a heading. */
export function section(title, ...content) {
  const id = `section-${title.toLowerCase().replaceAll(" ", "-")}`;
  return h(
    "section",
    { class: "card", "aria-labelledby": id },
    h("h2", { id, text: title }),
    ...content,
  );
}

/**
 * @param {string[]} columns headings; an empty one is a column of buttons
 * @param {HTMLTableRowElement[]} rows
 */
export function table(columns, rows) {
  return h(
    "div",
    { class: "table-box" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map((text) =>
            h(
              "th",
              { scope: "col" },
              text || h("span", { class: "visually-hidden", text: "Actions" }),
            ),
          ),
        ),
      ),
      h("tbody", {}, rows),
    ),
  );
}
