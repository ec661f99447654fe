/** Panels beside a finished segmentation. */

import { download } from "../api.js";
import { frameChips } from "../chips.js";
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { guarded } from "../notices.js";

const FILES = [
  ["masks", "Masks (zip)"],
  ["coco", "COCO"],
  ["overlay", "Overlay video"],
  ["alpha", "Cut-out video"],
  ["confidence", "Confidence"],
];

/** The files of a job, to be saved once it has succeeded. */
export function downloads(job) {
  const found = FILES.filter(([name]) => job.links[name]);
  const button = ([name, label]) =>
    h(
      "button",
      {
        type: "button",
        class: "small",
        disabled: job.status !== "succeeded",
        onclick: guarded(() => download(job.links[name])),
      },
      icon("download"),
      label,
    );
  return [h("h2", { text: "Files" }), h("div", { class: "downloads" }, found.map(button))];
}

/**
 * @param {number[]} review frames, worst first
 * @param {(frame: number) => void} onChoice
 */
export function worthALook(review, onChoice) {
  const hint = review.length
    ? "The masks are least sure here, worst first. N goes to the next."
    : "No frame stands out: the masks are sure throughout.";
  return [
    h("h2", { text: "Worth a look" }),
    h("p", { class: "hint", text: hint }),
    review.length ? frameChips(review, "Frames worth a look", onChoice, "review") : null,
  ];
}

/**
 * Links to the corrected frames, and which objects each says are absent.
 * @param {Studio} studio
 * @param {number[]} frames
 */
export function correctedFrames(studio, frames) {
  const { edits, objects } = studio;
  const hint = (text) => h("p", { class: "hint", text });
  if (!frames.length)
    return hint(
      "Draw on any frame where a mask is wrong, or erase an object where it is not. What comes after is done again; what was right is kept.",
    );
  const absences = frames.map((frame) => {
    const names = edits.absent(frame).map((id) => objects.label(id));
    return names.length ? hint(`Not in frame ${frame}: ${names.join(", ")}`) : null;
  });
  return [
    hint("Corrected frames:"),
    frameChips(frames, "Corrected frames", (frame) => studio.show(frame), "drawn"),
    ...absences,
  ];
}
