/** The models there are, and which one is in use. */

import { getJson, post } from "../api.js";
import { fill, h } from "../dom.js";
import { when } from "../format.js";
import { guarded, notify } from "../notices.js";
import { section, table } from "./training_tables.js";

export class Models {
  constructor() {
    this.resume = h("select", { id: "resume" });
    this.box = h("div", {});
    this.element = section("Models", this.box);
  }

  async load() {
    const { models } = await getJson("/models");
    fill(
      this.resume,
      h("option", { value: "", text: "From the start" }),
      models
        .filter((model) => model.created_at)
        .map(({ name }) => h("option", { value: name, text: `Go on from ${name}` })),
    );
    fill(
      this.box,
      table(
        ["Name", "About", "Scores", "Made", ""],
        models.map((model) => this.#row(model)),
      ),
    );
  }

  #row(model) {
    const scores = Object.entries(model.scores)
      .filter(([, value]) => typeof value === "number")
      .slice(0, 3);
    return h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        model.name,
        model.promoted ? h("span", { class: "badge succeeded", text: "in use" }) : null,
      ),
      h("td", { class: "about", text: model.card.description ?? "" }),
      h(
        "td",
        { class: "about" },
        scores.map(([name, value]) =>
          h("p", {}, h("strong", { text: String(Number(value.toPrecision(3))) }), ` ${name}`),
        ),
      ),
      h("td", { class: "hint", text: model.created_at ? when(model.created_at) : "packaged" }),
      h(
        "td",
        {},
        model.promoted
          ? null
          : h("button", {
              type: "button",
              class: "small",
              text: "Use from now on",
              "aria-label": `Use ${model.name} from now on`,
              onclick: guarded(async () => {
                await post(`/models/${model.name}/promote`);
                notify(`New jobs use ${model.name}`);
                await this.load();
              }),
            }),
      ),
    );
  }
}
