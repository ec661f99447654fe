/** Training: footage, a new run, runs so far, models. */

import { getJson, post, remove, upload } from "../api.js";
import { confirmAction } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { bytes, duration, plural, when } from "../format.js";
import { icon } from "../icons.js";
import { guarded, notify } from "../notices.js";
import { ProgressBar, progressText, statusBadge } from "../progress_bar.js";

export async function openTraining() {
  const footage = new Footage();
  const models = new Models();
  const runs = h("div", {});
  const start = startForm(footage, models);
  await Promise.all([footage.load(), models.load(), showRuns(runs)]);
  const element = h("div", { class: "page" }, h("div", { class: "page-head" }, h("h1", { text: "Training" })),
    h("p", { class: "lead", text: "The network teaches itself on plain footage: no masks, no labels. Add videos like those that you will segment." }),
    footage.element, start, section("Runs", runs), models.element);
  return { title: "Training", element };
}

function section(title, ...content) {
  const id = `section-${title.toLowerCase().replaceAll(" ", "-")}`;
  return h("section", { class: "card", "aria-labelledby": id }, h("h2", { id, text: title }), ...content);
}

function table(columns, rows) {
  return h("div", { class: "table-box" }, h("table", {}, h("thead", {}, h("tr", {}, columns.map((text) => h("th", { scope: "col" }, text || h("span", { class: "visually-hidden", text: "Actions" }))))), h("tbody", {}, rows)));
}

class Footage {
  videos = [];
  chosen = new Set();

  constructor() {
    this.input = h("input", { type: "file", id: "footage", accept: "video/*,.mkv,.avi", multiple: true, class: "visually-hidden", onchange: guarded(() => this.#upload()) });
    this.progress = new ProgressBar("Upload of footage");
    this.progress.element.hidden = true;
    this.box = h("div", {});
    this.element = section("Footage", h("div", { class: "row" }, h("label", { class: "button", for: "footage" }, icon("upload"), "Add videos", this.input)), this.progress.element, this.box);
  }

  async load() {
    this.videos = [];
    let cursor = null;
    do {
      const page = await getJson(`/videos?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      this.videos.push(...page.videos);
      cursor = page.next_cursor;
    } while (cursor);
    for (const id of this.chosen) if (!this.videos.some((video) => video.id === id)) this.chosen.delete(id);
    this.#show();
  }

  async #upload() {
    const files = [...this.input.files];
    this.progress.element.hidden = false;
    try {
      for (const [index, file] of files.entries()) {
        const form = new FormData();
        form.append("video", file, file.name);
        const text = `${file.name} (${index + 1} of ${files.length})`;
        await upload("/videos", form, { onProgress: (share) => this.progress.set(share === 1 ? null : share, text) });
      }
    } finally {
      this.progress.element.hidden = true;
      this.input.value = "";
      await this.load();
    }
  }

  #show() {
    const total = this.videos.reduce((sum, video) => sum + video.bytes, 0);
    fill(this.box, this.videos.length
      ? [h("p", { class: "hint", text: `${plural(this.videos.length, "video")}, ${bytes(total)}. Choose some to train on those alone.` }),
        table(["Use", "Name", "Size", "Length", "Bytes", "Added", ""], this.videos.map((video) => this.#row(video)))]
      : h("p", { class: "hint", text: "No videos yet." }));
  }

  #row(video) {
    const choose = (event) => (event.target.checked ? this.chosen.add(video.id) : this.chosen.delete(video.id));
    return h("tr", {}, h("td", {}, h("input", { type: "checkbox", "aria-label": `Use ${video.name}`, checked: this.chosen.has(video.id), onchange: choose })),
      h("th", { scope: "row", text: video.name }), h("td", { text: `${video.width} × ${video.height}` }),
      h("td", { text: [video.frames ? `${video.frames} frames` : "", video.seconds ? duration(video.seconds) : ""].filter(Boolean).join(", ") }),
      h("td", { text: bytes(video.bytes) }), h("td", { class: "hint", text: when(video.created_at) }),
      h("td", {}, h("button", { type: "button", class: "icon-button", "aria-label": `Delete ${video.name}`, onclick: guarded(async () => {
        if (!(await confirmAction("Delete this video?", `${video.name}: models that were trained on it stay.`, "Delete"))) return;
        await remove(`/videos/${video.id}`);
        await this.load();
      }) }, icon("trash"))));
  }
}

class Models {
  constructor() {
    this.resume = h("select", { id: "resume" });
    this.box = h("div", {});
    this.element = section("Models", this.box);
  }

  async load() {
    const { models } = await getJson("/models");
    fill(this.resume, h("option", { value: "", text: "From the start" }), models.filter((model) => model.created_at).map(({ name }) => h("option", { value: name, text: `Go on from ${name}` })));
    fill(this.box, table(["Name", "About", "Scores", "Made", ""], models.map((model) => this.#row(model))));
  }

  #row(model) {
    const scores = Object.entries(model.scores).filter(([, value]) => typeof value === "number").slice(0, 3);
    return h("tr", {}, h("th", { scope: "row" }, model.name, model.promoted ? h("span", { class: "badge succeeded", text: "in use" }) : null),
      h("td", { class: "about", text: model.card.description ?? "" }),
      h("td", { class: "about" }, scores.map(([name, value]) => h("p", {}, h("strong", { text: String(Number(value.toPrecision(3))) }), ` ${name}`))),
      h("td", { class: "hint", text: model.created_at ? when(model.created_at) : "packaged" }),
      h("td", {}, model.promoted ? null : h("button", { type: "button", class: "small", text: "Use from now on", "aria-label": `Use ${model.name} from now on`, onclick: guarded(async () => {
        await post(`/models/${model.name}/promote`);
        notify(`New jobs use ${model.name}`);
        await this.load();
      }) })));
  }
}

function startForm(footage, models) {
  const name = h("input", { id: "model-name", pattern: "[a-z0-9][a-z0-9._\\-]{0,63}", maxlength: 64, placeholder: "my-footage", title: "Lower-case letters, digits and . _ -" });
  const config = h("textarea", { id: "config", rows: 3, spellcheck: "false", placeholder: "steps=20000", "aria-describedby": "config-hint" });
  const submit = guarded(async (event) => {
    event.preventDefault();
    const job = await post("/train", {
      videos: footage.chosen.size ? [...footage.chosen] : "all",
      config: config.value.split("\n").map((line) => line.trim()).filter(Boolean),
      name: name.value.trim() || null,
      resume_from: models.resume.value || null,
    }, { "Idempotency-Key": crypto.randomUUID() });
    location.hash = `#/jobs/${job.id}`;
  });
  return section("New run", h("form", { class: "grid-form", onsubmit: submit },
    h("label", { class: "field", for: "model-name" }, "Name of the model", name),
    h("label", { class: "field", for: "resume" }, "Start", models.resume),
    h("label", { class: "field full", for: "config" }, "Settings", config),
    h("p", { class: "hint full", id: "config-hint", text: "One key=value a line, as ctvos train --set takes them; empty for the defaults." }),
    h("button", { class: "primary", text: "Train" })));
}

async function showRuns(box) {
  const { jobs } = await getJson("/jobs?kind=train&limit=20");
  fill(box, jobs.length
    ? table(["Run", "State", "Progress", "Created"], jobs.map((job) => h("tr", {},
      h("th", { scope: "row" }, h("a", { href: `#/jobs/${job.id}`, text: job.links.model?.split("/").pop() ?? job.id.slice(0, 8) })),
      h("td", {}, statusBadge(job.status)), h("td", { class: job.error ? "error-text" : "", text: job.error?.detail ?? progressText(job) }), h("td", { class: "hint", text: when(job.created_at) }))))
    : h("p", { class: "hint", text: "No runs yet." }));
}
