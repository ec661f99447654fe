/** Choose a video. */

import { getJson, upload } from "../api.js";
import { h } from "../dom.js";
import { bytes, duration } from "../format.js";
import { icon } from "../icons.js";
import { notifyError } from "../notices.js";
import { ProgressBar } from "../progress_bar.js";

const TYPES =
  "video/*,.mp4,.mov,.webm,.mkv,.avi,.ts,.m2ts,.mts,.flv,.wmv,.mpg,.gif,.apng,.y4m,.zip";

export async function openNew() {
  const input = h("input", {
    type: "file",
    id: "video",
    accept: TYPES,
    class: "visually-hidden",
    onchange: () => input.files[0] && send(input.files[0]),
  });
  const progress = new ProgressBar("Upload");
  progress.element.hidden = true;
  const limits = h("p", { class: "hint" });
  const stop = h("button", { type: "button", text: "Stop", hidden: true });
  const zone = h(
    "label",
    { class: "drop", for: "video" },
    icon("upload"),
    h("strong", { text: "Drop a video here, or choose one" }),
    h("span", { text: "mp4, mov, webm, mkv, avi, or a zip of frames" }),
    input,
  );
  const element = h(
    "div",
    { class: "start" },
    h("h1", { text: "Follow objects through a video" }),
    h("p", {
      class: "lead",
      text: "Draw an object on one frame; every other frame gets a mask. Correct any frame, and the rest follows.",
    }),
    zone,
    progress.element,
    stop,
    limits,
  );
  for (const type of ["dragover", "dragleave", "drop"]) {
    zone.addEventListener(type, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", type === "dragover");
      if (type === "drop" && event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
    });
  }
  getJson("/limits").then((most) => {
    limits.textContent = `Up to ${bytes(most.max_upload_bytes)} and ${most.max_frames.toLocaleString()} frames. Results are kept for ${duration(3600 * most.retention_hours)}.`;
  }, notifyError);
  let sending = null;

  async function send(file) {
    sending?.abort();
    sending = new AbortController();
    stop.onclick = () => sending.abort();
    const form = new FormData();
    form.append("video", file, file.name);
    const show = (isBusy) => {
      progress.element.hidden = stop.hidden = !isBusy;
      zone.classList.toggle("busy", isBusy);
      input.disabled = isBusy;
    };
    show(true);
    progress.set(0, `Uploading ${file.name}`);
    try {
      const draft = await upload("/drafts", form, {
        signal: sending.signal,
        onProgress: (share) =>
          progress.set(
            share === 1 ? null : share,
            share === 1
              ? "Looking at the video"
              : `Uploading ${file.name}: ${Math.round(100 * share)} % of ${bytes(file.size)}`,
          ),
      });
      location.hash = `#/drafts/${draft.id}`;
    } catch (error) {
      notifyError(error);
      show(false);
      input.value = "";
    }
  }

  return { title: "New", element, close: () => sending?.abort() };
}
