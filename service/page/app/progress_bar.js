/** How far a job or an upload is. */

import { h } from "./dom.js";
import { duration } from "./format.js";

export class ProgressBar {
  constructor(label) {
    this.bar = h("progress", { max: 1, "aria-label": label });
    this.text = h("p", { class: "progress-text" });
    this.element = h("div", { class: "progress" }, this.bar, this.text);
  }

  /** @param {number|null} share null: unknown */
  set(share, text) {
    if (share === null) this.bar.removeAttribute("value");
    else this.bar.value = share;
    this.text.textContent = text;
  }
}

const UNITS = { segment: "frames", train: "steps" };

/** `Segmenting: 40 of 100 frames, 12.5 frames/s, 5 s left`. */
export function progressText({ kind, status, phase, progress, started_at, finished_at }) {
  if (status === "succeeded")
    return `Took ${duration((new Date(finished_at) - new Date(started_at)) / 1000)}`;
  if (status === "queued") return "Waiting for a worker";
  if (status !== "running") return "";
  const { done, total, rate, eta_seconds: left } = progress;
  const unit = { fetching: "videos", adapting: "steps" }[phase] ?? UNITS[kind];
  const parts = [
    total ? `${done} of ${total} ${unit}` : null,
    rate ? `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} ${unit}/s` : null,
    left !== null && left !== undefined ? `${duration(left)} left` : null,
  ];
  const words = parts.filter(Boolean).join(", ");
  const name = phase ? phase[0].toUpperCase() + phase.slice(1) : "Running";
  return words ? `${name}: ${words}` : name;
}

export function progressShare({ status, progress }) {
  if (status !== "running" || !progress.total) return null;
  return progress.done / progress.total;
}

export function statusBadge(status) {
  return h("span", { class: `badge ${status}`, text: status });
}
