/** A segmentation: watch it, look at its masks, correct them, take the files. */

import { getJson, post, remove, upload } from "../api.js";
import { confirmAction } from "../dialogs.js";
import { announce, fill, h } from "../dom.js";
import { follow } from "../event_stream.js";
import { when } from "../format.js";
import { FrameStore } from "../frame_store.js";
import { icon } from "../icons.js";
import { guarded, notify, notifyError } from "../notices.js";
import { encodeLabels } from "../png_labels.js";
import { ProgressBar, progressShare, progressText, statusBadge } from "../progress_bar.js";
import { Studio } from "../studio.js";
import { correctedFrames, downloads, worthALook } from "./job_panels.js";
import { openTrainingJob } from "./training_job_view.js";
import { maskPanel } from "./draft_view.js";

const EVENTS_KEPT = 900;
const ENDED = ["succeeded", "failed", "cancelled", "expired"];

export async function openJob(id, query) {
  const job = await getJson(`/jobs/${id}`);
  if (job.kind === "train") return openTrainingJob(job);
  const view = new JobView(job, await getJson(`/jobs/${id}/frames`));
  await view.start(Number(query.get("frame")) || 0);
  return view;
}

class JobView {
  fillsWindow = true;
  #stopping = new AbortController();
  #attempt = crypto.randomUUID();
  #isSent = false;
  #goesAlong = true;

  constructor(job, video) {
    Object.assign(this, { job, video, path: `/jobs/${job.id}`, title: video.name });
    this.isDone = new Uint8Array(video.frames);
    const store = new FrameStore({
      ...video,
      path: this.path,
      hasMasks: (frame) => this.#hasMask(frame),
    });
    this.studio = new Studio({
      video,
      store,
      canName: false,
      onEdits: () => this.#showEdits(),
      onFrame: (frame) => this.#moved(frame),
    });
    this.element = this.studio.element;
    this.progress = new ProgressBar("Progress of the job");
    this.head = h("div", { class: "job-head" });
    this.actions = h("div", { class: "row" });
    this.review = h("section", { class: "panel", "aria-label": "Frames worth a look" });
    this.drawn = h("div", {});
    this.correcting = maskPanel(this.studio, this.drawn);
    this.correcting.querySelector("h2").textContent = "Corrections";
    this.submit = h(
      "button",
      {
        type: "button",
        class: "primary wide",
        title: "Ctrl Enter",
        onclick: guarded(() => this.#correct()),
      },
      "Follow from corrections",
    );
    this.correcting.append(this.submit);
    this.files = h("section", { class: "panel", "aria-label": "Files" });
    fill(
      this.studio.side,
      h(
        "section",
        { class: "panel" },
        h("h1", { class: "file", text: video.name, title: video.name }),
        this.head,
        this.progress.element,
        this.actions,
      ),
      this.studio.objects.element,
      this.review,
      this.correcting,
      this.files,
    );
    this.onKey = (event) =>
      event.key === "Enter" &&
      (event.ctrlKey || event.metaKey) &&
      !this.submit.disabled &&
      this.submit.click();
    document.addEventListener("keydown", this.onKey);
  }

  async start(frame) {
    const { studio, video } = this;
    studio.objects.include(
      [...new Set(video.masks.flatMap((mask) => mask.objects))],
      video.object_names,
    );
    studio.timeline.setMarks({ given: video.masks.map((mask) => mask.frame) });
    this.#show();
    if (ENDED.includes(this.job.status)) await this.#showResults();
    else this.#follow();
    studio.show(frame);
    this.#goesAlong = true;
  }

  #moved(frame) {
    this.#goesAlong = false;
    history.replaceState(null, "", `#${this.path}?frame=${frame}`);
  }

  isUnsaved() {
    return !this.#isSent && this.studio.edits.canUndo;
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    this.#stopping.abort();
    this.studio.close();
  }

  /** Whether it is worth asking: of long videos not every event is still known after a reload. */
  #hasMask(frame) {
    const { status } = this.job;
    return (
      status === "succeeded" ||
      (status === "running" && (this.isDone[frame] === 1 || this.video.frames > EVENTS_KEPT))
    );
  }

  #follow() {
    this.studio.timeline.setDone(this.isDone);
    const path = `${this.path}/events`;
    follow(path, (type, data) => this.#take(type, data), {
      signal: this.#stopping.signal,
      onConnection: (isConnected) => this.#showConnection(isConnected),
    }).catch((error) => {
      this.progress.text.textContent = error.message; // nothing more will come
      notifyError(error);
    });
  }

  /** One event; true after the last. */
  #take(type, data) {
    if (type === "frame") {
      this.isDone[data.frame] = 1;
      this.studio.timeline.setDone(this.isDone);
      this.#lookAt(data.frame);
    } else if (type === "progress") {
      this.job = { ...this.job, status: "running", phase: data.phase, progress: data };
      this.#showProgress();
    } else if (type === "status") {
      this.job = data;
      this.#show();
      if (!ENDED.includes(data.status)) return false;
      announce(`The job has ${data.status}`);
      this.#showResults().catch(notifyError);
      return true;
    }
    return false;
  }

  /** A frame has got its mask: go along, unless somebody has gone elsewhere. */
  #lookAt(frame) {
    if (!this.#goesAlong || frame === this.studio.frame) {
      this.studio.refresh(frame).catch(() => {}); // the next look at the frame will tell
      return;
    }
    this.studio.show(frame);
    this.#goesAlong = true;
  }

  #showConnection(isConnected) {
    this.element.classList.toggle("offline", !isConnected);
    if (!isConnected) this.progress.text.textContent = "The connection broke off; trying again";
    else this.#showProgress();
  }

  async #showResults() {
    const { studio } = this;
    if (this.job.status !== "succeeded") return;
    this.video = await getJson(`${this.path}/frames`);
    studio.setEditable(true);
    studio.setReview(this.video.review);
    this.#showReview();
    this.#show();
    const { frames } = await getJson(`${this.path}/confidence`);
    studio.timeline.setSureness(
      Float32Array.from(frames, ({ confidence }) => Math.min(1, ...Object.values(confidence))),
    );
    studio.refresh(studio.frame);
  }

  #show() {
    const { job } = this;
    const isOver = ENDED.includes(job.status);
    fill(
      this.head,
      statusBadge(job.status),
      h("span", { class: "hint", text: when(job.created_at) }),
      job.links.parent
        ? h("a", { href: `#${job.links.parent}`, text: "before the correction" })
        : null,
      job.error
        ? h("p", { class: "error-text", role: "alert", text: job.error.detail ?? job.error.code })
        : null,
    );
    fill(
      this.actions,
      isOver
        ? null
        : h(
            "button",
            { type: "button", class: "small", onclick: guarded(() => this.#cancel()) },
            icon("close"),
            "Cancel",
          ),
      h(
        "button",
        { type: "button", class: "small", onclick: guarded(() => this.#delete()) },
        icon("trash"),
        "Delete",
      ),
    );
    fill(this.files, downloads(job));
    this.files.hidden = !job.links.confidence;
    this.correcting.hidden = job.status !== "succeeded";
    this.review.hidden = job.status !== "succeeded";
    this.#showProgress();
    this.#showEdits();
  }

  #showProgress() {
    this.progress.element.hidden = ENDED.includes(this.job.status);
    this.progress.set(progressShare(this.job), progressText(this.job));
  }

  #showReview() {
    const { review } = this.video;
    fill(
      this.review,
      worthALook(review, (frame) => this.studio.show(frame)),
    );
  }

  #showEdits() {
    if (!this.drawn) return;
    this.#attempt = crypto.randomUUID();
    const frames = this.#correctedFrames();
    this.submit.disabled = !frames.length;
    fill(this.drawn, correctedFrames(this.studio, frames));
  }

  #correctedFrames() {
    return this.studio.edits.frames.filter((frame) => this.studio.edits.spokenFor(frame).length);
  }

  async #correct() {
    this.submit.disabled = true;
    try {
      const form = new FormData();
      for (const frame of this.#correctedFrames()) {
        form.append("frame", String(frame));
        form.append("objects", this.studio.edits.spokenFor(frame).join(","));
        form.append("mask", await encodeLabels(this.studio.edits.get(frame)), `frame ${frame}.png`);
      }
      const job = await upload(`${this.path}/corrections`, form, {
        headers: { "Idempotency-Key": this.#attempt },
      });
      this.#isSent = true;
      location.hash = `#/jobs/${job.id}?frame=${this.studio.frame}`;
    } finally {
      this.submit.disabled = false;
    }
  }

  async #cancel() {
    this.job = await post(`${this.path}/cancel`);
    this.#show();
  }

  async #delete() {
    const isRunning = !ENDED.includes(this.job.status);
    if (
      !(await confirmAction(
        "Delete this job?",
        `${isRunning ? "It is stopped. " : ""}Its video, masks and files are deleted. There is no way back.`,
        "Delete",
      ))
    )
      return;
    await remove(this.path);
    this.#isSent = true;
    notify("Deleted");
    location.hash = "#/jobs";
  }
}
