/** All jobs, newest first. */

import { getJson } from "../api.js";
import { fill, h } from "../dom.js";
import { when } from "../format.js";
import { guarded, notifyError } from "../notices.js";
import { progressShare, progressText, statusBadge } from "../progress_bar.js";

const LOOK_MS = 3000;
const STATES = ["queued", "running", "succeeded", "failed", "cancelled", "expired"];

export async function openJobs() {
  const state = h(
    "select",
    { id: "state", onchange: guarded(restart) },
    h("option", { value: "", text: "All states" }),
    STATES.map((name) => h("option", { value: name, text: name })),
  );
  const kind = h(
    "select",
    { id: "kind", onchange: guarded(restart) },
    h("option", { value: "", text: "All kinds" }),
    h("option", { value: "segment", text: "Segmentations" }),
    h("option", { value: "train", text: "Trainings" }),
  );
  const rows = h("tbody", {});
  const table = h(
    "table",
    {},
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["Name", "State", "Progress", "Created"].map((text) => h("th", { scope: "col", text })),
      ),
    ),
    rows,
  );
  const nothing = h("p", { class: "empty", text: "No jobs. " });
  nothing.append(h("a", { href: "#/", text: "Start with a video" }));
  const more = h("button", {
    type: "button",
    text: "Older jobs",
    onclick: guarded(() => load(cursor)),
  });
  const element = h(
    "div",
    { class: "page" },
    h(
      "div",
      { class: "page-head" },
      h("h1", { text: "Jobs" }),
      h("label", { for: "state", class: "visually-hidden", text: "State" }),
      state,
      h("label", { for: "kind", class: "visually-hidden", text: "Kind" }),
      kind,
    ),
    h("div", { class: "table-box" }, table),
    nothing,
    more,
  );
  let jobs = [];
  let cursor = null;
  let timer = null;
  let isClosed = false;

  async function load(after = null) {
    const query = new URLSearchParams({ limit: 25 });
    for (const [name, value] of [
      ["status", state.value],
      ["kind", kind.value],
      ["cursor", after],
    ])
      if (value) query.set(name, value);
    const page = await getJson(`/jobs?${query}`);
    jobs = after ? [...jobs, ...page.jobs] : page.jobs;
    cursor = page.next_cursor;
    show();
  }

  function show() {
    fill(
      rows,
      jobs.map((job) =>
        h(
          "tr",
          {},
          h(
            "th",
            { scope: "row" },
            h("a", {
              href: `#/jobs/${job.id}`,
              text: job.name ?? (job.kind === "train" ? "Training" : "Segmentation"),
            }),
            h("span", { class: "hint", text: job.links.parent ? " corrected" : "" }),
          ),
          h("td", {}, statusBadge(job.status)),
          progressCell(job),
          h("td", { class: "hint", text: when(job.created_at) }),
        ),
      ),
    );
    table.hidden = !jobs.length;
    nothing.hidden = Boolean(jobs.length);
    more.hidden = !cursor;
  }

  /** Look again while something is going on, as long as only the first page is shown. */
  async function look() {
    clearTimeout(timer);
    const isBusy = jobs.some(({ status }) => status === "queued" || status === "running");
    if (isBusy && jobs.length <= 25 && !document.hidden) await load().catch(notifyError);
    if (!isClosed) timer = setTimeout(look, LOOK_MS);
  }

  async function restart() {
    await load();
  }

  await load();
  timer = setTimeout(look, LOOK_MS);
  return { title: "Jobs", element, close: () => ((isClosed = true), clearTimeout(timer)) };
}

function progressCell(job) {
  const share = progressShare(job);
  const text = job.error?.detail ?? progressText(job);
  return h(
    "td",
    { class: job.error ? "error-text" : "" },
    share === null ? null : h("progress", { max: 1, value: share, "aria-label": "Progress" }),
    h("span", { text }),
  );
}
