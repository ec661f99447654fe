/** Looking at a video frame by frame, and drawing masks on it: what drafts and jobs share. */

import { announce, h } from "./dom.js";
import { MaskEdits } from "./mask_edits.js";
import { notifyError } from "./notices.js";
import { ObjectList } from "./object_list.js";
import { decodeLabels } from "./png_labels.js";
import { Rect } from "./label_map.js";
import { Stage } from "./stage.js";
import { Toolbar, Transport } from "./studio_controls.js";
import { studioKeys } from "./studio_keys.js";
import { Timeline } from "./timeline.js";
import { makeTools } from "./tools.js";

const AHEAD = 8;
const PATIENCE_MS = 250;

export class Studio {
  frame = 0;
  isEditable = false;
  #shown = null;
  #labels = null;
  #busy = null;
  isPlaying = false;
  #review = [];

  /**
   * @param {Object} options
   * @param {{frames: number, frame_rate: number|null, width: number, height: number}} options.video
   * @param {FrameStore} options.store
   * @param {boolean} options.canName whether objects can be named
   * @param {() => void} options.onEdits told when masks were drawn, undone or redone
   * @param {(frame: number) => void} options.onFrame
   */
  constructor({ video, store, canName, onEdits, onFrame }) {
    Object.assign(this, { video, store, onFrame });
    this.edits = new MaskEdits(() => {
      this.#showSteps();
      this.timeline.setMarks({ drawn: this.edits.frames });
      onEdits();
    });
    this.easel = this.#makeEasel();
    this.stage = new Stage({ ...video, easel: this.easel });
    this.timeline = new Timeline(video.frames, (frame) => this.show(frame));
    this.objects = new ObjectList({
      canName,
      onChoice: () => this.stage.paint(),
      onHidden: (ids) => (this.stage.overlay.hide(ids), this.stage.paint()),
      onRemove: canName ? (id) => this.#removeObject(id) : null,
      onAbsent: canName ? null : (id) => this.erase(id),
    });
    this.tools = makeTools(this.easel);
    this.toolbar = new Toolbar(this);
    this.transport = new Transport(this);
    this.side = h("aside", { class: "side", "aria-label": "Details" });
    this.element = h(
      "div",
      { class: "studio" },
      this.toolbar.element,
      this.stage.element,
      this.side,
      this.transport.element,
    );
    this.keys = studioKeys(this);
    document.addEventListener("keydown", this.keys);
    this.setEditable(false);
    this.setRadius(this.easel.radius);
    this.#showSteps();
    this.#showPlaying();
  }

  close() {
    this.pause();
    document.removeEventListener("keydown", this.keys);
    this.stage.close();
    this.timeline.close();
  }

  /** Go to a frame; resolves once it is shown. While it loads only the newest wish counts. */
  show(frame) {
    this.frame = Math.max(0, Math.min(this.video.frames - 1, frame));
    this.timeline.setFrame(this.frame);
    this.transport.setFrame(this.frame);
    this.onFrame(this.frame);
    this.#busy ??= this.#catchUp().finally(() => (this.#busy = null));
    return this.#busy;
  }

  /** Show the mask of this frame anew, if it is this one that is looked at. */
  async refresh(frame) {
    if (frame !== this.frame) return;
    await this.#busy; // the picture may have come to be asked for before the mask was there
    if (frame !== this.#shown || this.edits.get(frame)) return;
    const labels = await this.store.labels(frame);
    if (frame === this.#shown && !this.edits.get(frame)) this.#setLabels(labels);
  }

  setEditable(isEditable) {
    this.isEditable = isEditable;
    this.toolbar.setEditable(isEditable);
    this.objects.setEditable(isEditable);
    this.choose(isEditable ? "brush" : "hand");
  }

  choose(name) {
    if (!this.isEditable && name !== "hand") return;
    this.stage.choose(name, this.tools[name] ?? null);
    this.toolbar.setTool(name);
  }

  setReview(frames) {
    this.#review = [...frames].sort((a, b) => a - b);
    this.timeline.setMarks({ review: frames });
  }

  showNextReview() {
    if (this.#review.length)
      this.show(this.#review.find((frame) => frame > this.frame) ?? this.#review[0]);
  }

  undo(isRedo = false) {
    const step = isRedo ? this.edits.redo() : this.edits.undo();
    if (!step) return;
    announce(isRedo ? "Redone" : "Undone");
    if (step.frame === this.#shown) this.#reload();
    else this.show(step.frame);
  }

  /** Take a mask file for the frame that is shown. */
  async importMask(file) {
    const { width, height } = this.video;
    const found = await decodeLabels(await file.arrayBuffer());
    if (found.width !== width || found.height !== height)
      throw new Error(
        `${file.name}: expected a mask as large as the video is displayed, ${width}x${height}, got ${found.width}x${found.height}.`,
      );
    await this.show(this.frame);
    const map = this.easel.begin();
    if (!map)
      throw new Error(`${file.name}: frame ${this.frame} cannot be drawn on now; show it again.`);
    map.data.set(found.data);
    this.objects.include(map.objects());
    this.easel.extend(new Rect(0, 0, width, height));
    this.easel.end();
  }

  /** Empty the mask of the frame that is shown. */
  clear() {
    const map = this.easel.begin();
    if (!map) return;
    map.data.fill(0);
    this.easel.extend(new Rect(0, 0, map.width, map.height));
    this.easel.end();
  }

  /** Take an object out of the frame that is shown: it is not there. */
  erase(id = this.objects.active) {
    const map = this.easel.begin();
    if (!map) return;
    if (map.objects().includes(id)) this.easel.extend(map.replace(id, 0));
    this.easel.end();
    announce(`${this.objects.label(id)} is not in this frame`);
  }

  setRadius(radius) {
    this.easel.radius = Math.max(0.5, Math.min(200, radius));
    this.toolbar.setRadius(this.easel.radius);
    this.stage.paint();
  }

  setOpacity(opacity) {
    this.stage.opacity = opacity;
    this.transport.setOpacity(opacity);
    this.stage.paint();
  }

  toggleMasks() {
    if (this.stage.opacity) this.opacityBefore = this.stage.opacity;
    this.setOpacity(this.stage.opacity ? 0 : (this.opacityBefore ?? 0.5));
  }

  toggle() {
    this.isPlaying ? this.pause() : this.play();
  }

  pause() {
    this.isPlaying = false;
    this.#showPlaying();
  }

  async play() {
    if (this.isPlaying) return;
    this.isPlaying = true;
    this.#showPlaying();
    if (this.frame === this.video.frames - 1) await this.show(0);
    const period = 1000 / (this.video.frame_rate || 25);
    while (this.isPlaying && this.frame < this.video.frames - 1) {
      const tick = new Promise((resolve) => setTimeout(resolve, period));
      await Promise.all([this.show(this.frame + 1), tick]);
    }
    this.pause();
  }

  async #catchUp() {
    const slow = setTimeout(() => (this.stage.loading.hidden = false), PATIENCE_MS);
    let done = null;
    while (done !== this.frame) {
      const frame = this.frame;
      const coming = this.store.picture(frame);
      try {
        const [picture, labels] = await Promise.all([
          coming,
          this.edits.get(frame) ?? this.store.labels(frame),
        ]);
        this.#shown = frame;
        this.#labels = this.edits.get(frame) ?? labels;
        this.stage.show(picture, this.#labels);
        this.stage.canvas.dataset.frame = frame;
      } catch (error) {
        coming.then(
          (picture) => picture.close(),
          () => {},
        ); // nobody shows it
        this.isPlaying = false;
        notifyError(error);
      }
      done = frame;
    }
    clearTimeout(slow);
    this.stage.loading.hidden = true;
    const ahead = Array.from({ length: AHEAD }, (_, i) => this.frame + i + 1);
    this.store.prefetch([ahead[0], this.frame - 1, ...ahead.slice(1)]);
  }

  #setLabels(labels) {
    this.#labels = labels;
    this.stage.showLabels(labels);
  }

  async #reload() {
    this.#setLabels(this.edits.get(this.#shown) ?? (await this.store.labels(this.#shown)));
  }

  #makeEasel() {
    const studio = this;
    return {
      radius: Math.max(1, Math.round(Math.min(this.video.width, this.video.height) / 24)),
      get id() {
        return studio.objects.active;
      },
      get nearness() {
        return 10 / studio.stage.viewport.scale;
      },
      begin() {
        if (!studio.isEditable || studio.#shown !== studio.frame) return null;
        studio.pause();
        studio.#labels = studio.edits.begin(studio.#shown, studio.#labels);
        return studio.#labels;
      },
      extend(rect) {
        studio.edits.extend(rect);
        studio.stage.showLabels(studio.#labels, rect);
      },
      end: () => studio.edits.end(),
    };
  }

  #removeObject(id) {
    for (const frame of this.edits.frames) {
      const map = this.edits.begin(frame, this.edits.get(frame));
      if (map.objects().includes(id)) this.edits.extend(map.replace(id, 0));
      this.edits.end();
    }
    this.#reload();
  }

  #showSteps() {
    this.toolbar.setSteps(this.edits);
  }

  #showPlaying() {
    this.transport.setPlaying(this.isPlaying);
  }
}
