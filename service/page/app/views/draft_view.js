/** Draw objects on frames of a video, and send it off. */

import { frameChips } from "../chips.js";
import { getJson, upload } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { bytes } from "../format.js";
import { FrameStore } from "../frame_store.js";
import { icon } from "../icons.js";
import { guarded } from "../notices.js";
import { encodeLabels } from "../png_labels.js";
import { SegmentSettings } from "../settings_form.js";
import { Studio } from "../studio.js";

export async function openDraft(id) {
  const draft = await getJson(`/drafts/${id}`);
  const store = new FrameStore({ ...draft, path: `/drafts/${id}`, hasMasks: () => false });
  const studio = new Studio({
    video: draft,
    store,
    canName: true,
    onEdits: showEdits,
    onFrame: () => {},
  });
  const settings = new SegmentSettings();
  const drawn = h("div", {});
  const submit = h(
    "button",
    { type: "button", class: "primary wide", title: "Ctrl Enter", onclick: guarded(send) },
    "Follow through the video",
  );
  let isSent = false;
  let attempt = crypto.randomUUID();

  fill(
    studio.side,
    h(
      "section",
      { class: "panel" },
      h("h1", { class: "file", text: draft.name, title: draft.name }),
      h("p", {
        class: "facts",
        text: `${draft.width} × ${draft.height}, ${draft.frames} frames, ${Number(draft.frame_rate.toFixed(2))} frames/s, ${bytes(draft.bytes)}`,
      }),
    ),
    studio.objects.element,
    maskPanel(studio, drawn),
    settings.element,
    h("div", { class: "panel submit" }, submit),
  );
  studio.objects.include([1]);
  studio.setEditable(true);
  showEdits();
  studio.show(0);

  function showEdits() {
    attempt = crypto.randomUUID();
    const frames = studio.edits.frames.filter((frame) => studio.edits.get(frame).objects().length);
    submit.disabled = !frames.length;
    fill(
      drawn,
      frames.length
        ? [
            h("p", { class: "hint", text: "Frames with masks:" }),
            frameChips(frames, "Frames with masks", (frame) => studio.show(frame), "drawn"),
          ]
        : h("p", {
            class: "hint",
            text: "Draw an object on any frame. One frame is enough; more make it surer.",
          }),
    );
  }

  async function send() {
    submit.disabled = true;
    try {
      const form = new FormData();
      form.append("draft", id);
      for (const frame of studio.edits.frames) {
        const map = studio.edits.get(frame);
        if (!map.objects().length) continue;
        form.append("frame", String(frame));
        form.append("mask", await encodeLabels(map), `frame ${frame}.png`);
      }
      if (Object.keys(studio.objects.names).length)
        form.append("object_names", JSON.stringify(studio.objects.names));
      settings.addTo(form);
      const job = await upload("/segment", form, { headers: { "Idempotency-Key": attempt } });
      isSent = true;
      announce("Sent");
      location.hash = `#/jobs/${job.id}?frame=${studio.edits.frames[0]}`;
    } finally {
      submit.disabled = false;
    }
  }

  const onKey = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !submit.disabled)
      submit.click();
  };
  document.addEventListener("keydown", onKey);
  return {
    title: draft.name,
    element: studio.element,
    fillsWindow: true,
    isUnsaved: () => !isSent && studio.edits.canUndo,
    close() {
      document.removeEventListener("keydown", onKey);
      studio.close();
    },
  };
}

/** Masks as files, and the mask of the frame that is shown. */
export function maskPanel(studio, drawn) {
  const input = h("input", {
    type: "file",
    accept: "image/png",
    id: "mask-file",
    class: "visually-hidden",
    onchange: guarded(async () => {
      const [file] = input.files;
      input.value = "";
      if (file) await studio.importMask(file);
    }),
  });
  return h(
    "section",
    { class: "panel", "aria-label": "Masks" },
    h("div", { class: "panel-head" }, h("h2", { text: "Masks" })),
    drawn,
    h(
      "div",
      { class: "row" },
      h(
        "label",
        {
          class: "button small",
          for: "mask-file",
          title: "A PNG for this frame: indexed or grayscale, one id per pixel",
        },
        icon("upload"),
        "Mask file",
        input,
      ),
      h(
        "button",
        { type: "button", class: "small", onclick: () => studio.clear() },
        icon("trash"),
        "Clear frame",
      ),
    ),
  );
}
