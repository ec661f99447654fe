/** A training: how far it is, and its losses as they come. */

import { getJson, post, remove } from "../api.js";
import { confirmAction } from "../dialogs.js";
import { announce, fill, h } from "../dom.js";
import { follow } from "../event_stream.js";
import { when } from "../format.js";
import { icon } from "../icons.js";
import { lineCharts } from "../line_chart.js";
import { guarded, notify, notifyError } from "../notices.js";
import { SamplePictures } from "../sample_pictures.js";
import { ProgressBar, progressShare, progressText, statusBadge } from "../progress_bar.js";

const ENDED = ["succeeded", "failed", "cancelled", "expired"];

export async function openTrainingJob(first) {
  let job = first;
  const path = `/jobs/${job.id}`;
  const stopping = new AbortController();
  const progress = new ProgressBar("Progress of the training");
  const head = h("div", { class: "job-head" });
  const actions = h("div", { class: "row" });
  const charts = h("div", { class: "charts" });
  const samples = new SamplePictures(path);
  const element = h(
    "div",
    { class: "page" },
    h("div", { class: "page-head" }, h("h1", { text: "Training" }), actions),
    head,
    progress.element,
    h("h2", { text: "Losses" }),
    charts,
    samples.element,
  );
  const rows = new Map();

  function showRows(news) {
    samples.load().catch(notifyError);
    for (const row of news) rows.set(row.step, { ...rows.get(row.step), ...row });
    const sorted = [...rows.values()].sort((a, b) => a.step - b.step);
    fill(
      charts,
      sorted.length ? lineCharts(sorted) : h("p", { class: "hint", text: "No losses yet." }),
    );
  }

  function show() {
    const isOver = ENDED.includes(job.status);
    fill(
      head,
      statusBadge(job.status),
      h("span", { class: "hint", text: when(job.created_at) }),
      job.links.model
        ? h("a", { href: "#/training", text: `Model ${job.links.model.split("/").pop()}` })
        : null,
      job.error
        ? h("p", { class: "error-text", role: "alert", text: job.error.detail ?? job.error.code })
        : null,
    );
    fill(
      actions,
      isOver
        ? null
        : h(
            "button",
            {
              type: "button",
              class: "small",
              onclick: guarded(async () => ((job = await post(`${path}/cancel`)), show())),
            },
            icon("close"),
            "Cancel",
          ),
      h(
        "button",
        { type: "button", class: "small", onclick: guarded(discard) },
        icon("trash"),
        "Delete",
      ),
    );
    progress.element.hidden = isOver;
    progress.set(progressShare(job), progressText(job));
  }

  async function discard() {
    if (
      !(await confirmAction(
        "Delete this training?",
        "Its losses and checkpoint are deleted. A model that it has made stays.",
        "Delete",
      ))
    )
      return;
    await remove(path);
    notify("Deleted");
    location.hash = "#/training";
  }

  function take(type, data) {
    if (type === "metrics") showRows([data]);
    else if (type === "progress") {
      job = { ...job, status: "running", phase: data.phase, progress: data };
      show();
    } else if (type === "status") {
      job = data;
      show();
      if (ENDED.includes(job.status)) {
        announce(`The training has ${job.status}`);
        samples.load(true).catch(notifyError);
      }
      return ENDED.includes(job.status);
    }
    return false;
  }

  show();
  if (job.status !== "expired") showRows((await getJson(`${path}/metrics`)).metrics);
  if (!ENDED.includes(job.status))
    follow(`${path}/events`, take, { signal: stopping.signal }).catch(notifyError);
  return { title: "Training", element, close: () => stopping.abort() };
}
