/** Footage to train on: add, choose, delete. */

import { getJson, remove, upload } from "../api.js";
import { confirmAction } from "../dialogs.js";
import { fill, h } from "../dom.js";
import { bytes, duration, plural, when } from "../format.js";
import { icon } from "../icons.js";
import { guarded } from "../notices.js";
import { ProgressBar } from "../progress_bar.js";
import { section, table } from "./training_tables.js";

export class Footage {
  videos = [];
  chosen = new Set();

  constructor() {
    this.input = h("input", {
      type: "file",
      id: "footage",
      accept: "video/*,.mkv,.avi",
      multiple: true,
      class: "visually-hidden",
      onchange: guarded(() => this.#upload()),
    });
    this.progress = new ProgressBar("Upload of footage");
    this.progress.element.hidden = true;
    this.box = h("div", {});
    this.element = section(
      "Footage",
      h(
        "div",
        { class: "row" },
        h("label", { class: "button", for: "footage" }, icon("upload"), "Add videos", this.input),
      ),
      this.progress.element,
      this.box,
    );
  }

  async load() {
    this.videos = [];
    let cursor = null;
    do {
      const page = await getJson(
        `/videos?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`,
      );
      this.videos.push(...page.videos);
      cursor = page.next_cursor;
    } while (cursor);
    for (const id of this.chosen)
      if (!this.videos.some((video) => video.id === id)) this.chosen.delete(id);
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
        await upload("/videos", form, {
          onProgress: (share) => this.progress.set(share === 1 ? null : share, text),
        });
      }
    } finally {
      this.progress.element.hidden = true;
      this.input.value = "";
      await this.load();
    }
  }

  #show() {
    const total = this.videos.reduce((sum, video) => sum + video.bytes, 0);
    fill(
      this.box,
      this.videos.length
        ? [
            h("p", {
              class: "hint",
              text: `${plural(this.videos.length, "video")}, ${bytes(total)}. Choose some to train on those alone.`,
            }),
            table(
              ["Use", "Name", "Size", "Length", "Bytes", "Added", ""],
              this.videos.map((video) => this.#row(video)),
            ),
          ]
        : h("p", { class: "hint", text: "No videos yet." }),
    );
  }

  #row(video) {
    const choose = (event) =>
      event.target.checked ? this.chosen.add(video.id) : this.chosen.delete(video.id);
    return h(
      "tr",
      {},
      h(
        "td",
        {},
        h("input", {
          type: "checkbox",
          "aria-label": `Use ${video.name}`,
          checked: this.chosen.has(video.id),
          onchange: choose,
        }),
      ),
      h("th", { scope: "row", text: video.name }),
      h("td", { text: `${video.width} × ${video.height}` }),
      h("td", {
        text: [
          video.frames ? `${video.frames} frames` : "",
          video.seconds ? duration(video.seconds) : "",
        ]
          .filter(Boolean)
          .join(", "),
      }),
      h("td", { text: bytes(video.bytes) }),
      h("td", { class: "hint", text: when(video.created_at) }),
      h(
        "td",
        {},
        h(
          "button",
          {
            type: "button",
            class: "icon-button",
            "aria-label": `Delete ${video.name}`,
            onclick: guarded(async () => {
              if (
                !(await confirmAction(
                  "Delete this video?",
                  `${video.name}: models that were trained on it stay.`,
                  "Delete",
                ))
              )
                return;
              await remove(`/videos/${video.id}`);
              await this.load();
            }),
          },
          icon("trash"),
        ),
      ),
    );
  }
}
