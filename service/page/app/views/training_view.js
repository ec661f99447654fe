/** Training: footage, a new run, runs so far, models. */

import { getJson, post } from "../api.js";
import { fill, h } from "../dom.js";
import { when } from "../format.js";
import { guarded } from "../notices.js";
import { progressText, statusBadge } from "../progress_bar.js";
import { Footage } from "./training_footage.js";
import { Models } from "./training_models.js";
import { section, table } from "./training_tables.js";

export async function openTraining() {
  const footage = new Footage();
  const models = new Models();
  const runs = h("div", {});
  const start = startForm(footage, models);
  await Promise.all([footage.load(), models.load(), showRuns(runs)]);
  const element = h(
    "div",
    { class: "page" },
    h("div", { class: "page-head" }, h("h1", { text: "Training" })),
    h("p", {
      class: "lead",
      text: "The network teaches itself on plain footage: no masks, no labels. Add videos like those that you will segment.",
    }),
    footage.element,
    start,
    section("Runs", runs),
    models.element,
  );
  return { title: "Training", element };
}

function startForm(footage, models) {
  const name = h("input", {
    id: "model-name",
    pattern: "[a-z0-9][a-z0-9._\\-]{0,63}",
    maxlength: 64,
    placeholder: "my-footage",
    title: "Lower-case letters, digits and . _ -",
  });
  const config = h("textarea", {
    id: "config",
    rows: 3,
    spellcheck: "false",
    placeholder: "steps=20000",
    "aria-describedby": "config-hint",
  });
  const submit = guarded(async (event) => {
    event.preventDefault();
    const job = await post(
      "/train",
      {
        videos: footage.chosen.size ? [...footage.chosen] : "all",
        config: config.value
          .split("\n")
          .map((line) => line.trim())
          .filter(Boolean),
        name: name.value.trim() || null,
        resume_from: models.resume.value || null,
      },
      { "Idempotency-Key": crypto.randomUUID() },
    );
    location.hash = `#/jobs/${job.id}`;
  });
  return section(
    "New run",
    h(
      "form",
      { class: "grid-form", onsubmit: submit },
      h("label", { class: "field", for: "model-name" }, "Name of the model", name),
      h("label", { class: "field", for: "resume" }, "Start", models.resume),
      h("label", { class: "field full", for: "config" }, "Settings", config),
      h("p", {
        class: "hint full",
        id: "config-hint",
        text: "One key=value a line, as ctvos train --set takes them; empty for the defaults.",
      }),
      h("button", { class: "primary", text: "Train" }),
    ),
  );
}

async function showRuns(box) {
  const { jobs } = await getJson("/jobs?kind=train&limit=20");
  fill(
    box,
    jobs.length
      ? table(
          ["Run", "State", "Progress", "Created"],
          jobs.map((job) =>
            h(
              "tr",
              {},
              h(
                "th",
                { scope: "row" },
                h("a", {
                  href: `#/jobs/${job.id}`,
                  text: job.links.model?.split("/").pop() ?? job.id.slice(0, 8),
                }),
              ),
              h("td", {}, statusBadge(job.status)),
              h("td", {
                class: job.error ? "error-text" : "",
                text: job.error?.detail ?? progressText(job),
              }),
              h("td", { class: "hint", text: when(job.created_at) }),
            ),
          ),
        )
      : h("p", { class: "hint", text: "No runs yet." }),
  );
}
