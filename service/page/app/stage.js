/** The picture with its mask, to be looked at, moved and drawn on. */

import { commandNamed } from "./commands.js";
import { announce, h } from "./dom.js";
import { strokeOutline } from "./outline.js";
import { Overlay } from "./overlay.js";
import { Viewport } from "./viewport.js";

const WHEEL_STEP = 1.0015;
const CROSSHAIR_STEP = 8;

export class Stage {
  opacity = 0.5;
  tool = null;
  toolName = "hand";
  #picture = null;
  #pointers = new Map();
  #gesture = null;
  #hover = null;
  #crosshair = null;
  #isDirty = false;
  #isClosed = false;

  /** @param {{radius: number}} easel for the outline of the brush */
  constructor({ width, height, easel }) {
    this.easel = easel;
    this.viewport = new Viewport(width, height);
    this.overlay = new Overlay(width, height);
    this.canvas = h("canvas", {
      tabindex: "0",
      role: "application",
      "aria-label": "Picture and masks",
      "aria-describedby": "stage-hint",
    });
    this.loading = h("p", { class: "loading", text: "Loading the frame", hidden: true });
    this.hint = h("p", { class: "tool-hint" });
    this.element = h(
      "div",
      { class: "stage" },
      this.canvas,
      this.loading,
      h("p", {
        id: "stage-hint",
        class: "visually-hidden",
        text: "Shift and arrow keys move a crosshair, Enter draws there. Question mark shows all keys.",
      }),
    );
    this.#listen();
    this.resizing = new ResizeObserver(() => this.#resize());
    this.resizing.observe(this.element);
  }

  close() {
    this.resizing.disconnect();
    this.#isClosed = true;
    this.#setPicture(null);
  }

  /** @param {ImageBitmap} picture is closed by the stage when it is no longer shown */
  show(picture, labels) {
    this.#setPicture(picture);
    this.showLabels(labels);
  }

  showLabels(labels, rect) {
    this.overlay.show(labels, rect);
    this.paint();
  }

  choose(name, tool) {
    this.tool?.cancel();
    [this.toolName, this.tool] = [name, tool];
    this.canvas.dataset.tool = name;
    this.hint.textContent = commandNamed(name).hint;
    this.paint();
  }

  zoom(factor) {
    this.viewport.zoom(factor);
    this.paint();
  }

  fit() {
    this.viewport.fit();
    this.paint();
  }

  /** Paint before the next frame of the screen. */
  paint() {
    if (this.#isDirty) return;
    this.#isDirty = true;
    requestAnimationFrame(() => {
      this.#isDirty = false;
      this.#paintNow();
    });
  }

  /** Keys that concern the crosshair and shapes; true if it was one. */
  key(event) {
    if (event.key === "Escape" && this.tool?.isOpen) this.tool.cancel();
    else if (event.key === "Backspace" && this.tool?.isOpen && this.tool.removeCorner)
      this.tool.removeCorner();
    else if (
      event.key === "Enter" &&
      this.toolName === "polygon" &&
      this.tool?.isOpen &&
      (event.shiftKey || !this.#crosshair)
    )
      this.tool.close();
    else if (document.activeElement !== this.canvas) return false;
    else if (event.shiftKey && event.key.startsWith("Arrow")) this.#moveCrosshair(event);
    else if (event.key === "Enter" && this.#crosshair) this.#tapCrosshair();
    else return false;
    this.paint();
    return true;
  }

  /** Bitmaps hold memory until they are closed, long before anybody collects them. */
  #setPicture(picture) {
    this.#picture?.close();
    if (this.#isClosed) picture?.close();
    this.#picture = this.#isClosed ? null : picture;
  }

  #moveCrosshair(event) {
    const { width, height } = this.viewport.picture;
    const step = event.ctrlKey || event.metaKey ? 1 : CROSSHAIR_STEP;
    const [dx, dy] = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    }[event.key];
    const from = this.#crosshair ?? { x: width / 2, y: height / 2 };
    this.#crosshair = {
      x: Math.max(0, Math.min(width, from.x + dx * step)),
      y: Math.max(0, Math.min(height, from.y + dy * step)),
    };
    if (this.tool?.isOpen) this.tool.move(this.#crosshair);
    announce(`${Math.round(this.#crosshair.x)}, ${Math.round(this.#crosshair.y)}`);
  }

  #tapCrosshair() {
    const point = this.#crosshair;
    if (this.toolName === "box") this.tool.isOpen ? this.tool.up(point) : this.tool.down(point);
    else if (this.toolName === "polygon") this.tool.down(point);
    else if (this.tool) {
      this.tool.down(point);
      this.tool.up(point);
    }
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#up(event));
    canvas.addEventListener("pointerleave", () => ((this.#hover = null), this.paint()));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener(
      "dblclick",
      () => this.toolName === "polygon" && this.tool?.isOpen && (this.tool.close(), this.paint()),
    );
    canvas.addEventListener("blur", () => ((this.#crosshair = null), this.paint()));
  }

  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event) {
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const point = this.#point(event);
    this.#pointers.set(event.pointerId, point);
    this.#crosshair = null;
    if (this.#pointers.size === 2) {
      if (this.#gesture === "draw") this.tool.cancel();
      this.#gesture = "pinch";
    } else if (event.button !== 0 || !this.tool) this.#gesture = "pan";
    else {
      this.#gesture = "draw";
      this.tool.down(this.viewport.toPicture(point));
    }
    this.canvas.classList.toggle("panning", this.#gesture === "pan");
    this.paint();
  }

  #move(event) {
    const point = this.#point(event);
    const before = this.#pointers.get(event.pointerId);
    this.#hover = this.viewport.toPicture(point);
    if (!before) this.tool?.move(this.#hover);
    else if (this.#gesture === "pan") this.viewport.pan(point.x - before.x, point.y - before.y);
    else if (this.#gesture === "pinch") this.#pinch(event.pointerId, point);
    else if (this.#gesture === "draw") {
      // The screen is slower than the hand: what came in between counts, too.
      const events = event.getCoalescedEvents?.() ?? [];
      for (const one of events.length ? events : [event])
        this.tool.move(this.viewport.toPicture(this.#point(one)));
    }
    if (before) this.#pointers.set(event.pointerId, point);
    this.paint();
  }

  #up(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    if (this.#gesture === "draw")
      event.type === "pointercancel"
        ? this.tool.cancel()
        : this.tool.up(this.viewport.toPicture(this.#point(event)));
    if (!this.#pointers.size) this.#gesture = null;
    this.canvas.classList.remove("panning");
    this.paint();
  }

  #pinch(moved, to) {
    const [other] = [...this.#pointers].filter(([id]) => id !== moved).map(([, point]) => point);
    const from = this.#pointers.get(moved);
    const distance = (p) => Math.max(1, Math.hypot(p.x - other.x, p.y - other.y));
    this.viewport.pan((to.x - from.x) / 2, (to.y - from.y) / 2);
    this.viewport.zoom(distance(to) / distance(from), {
      x: (to.x + other.x) / 2,
      y: (to.y + other.y) / 2,
    });
  }

  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    this.viewport.zoom(WHEEL_STEP ** (-event.deltaY * lines), this.#point(event));
    this.paint();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width || !height) return;
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
    this.viewport.resize(width, height);
    this.#paintNow();
  }

  #paintNow() {
    const g = this.canvas.getContext("2d");
    const { scale, x, y, picture } = this.viewport;
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, this.canvas.width, this.canvas.height);
    g.setTransform(
      devicePixelRatio * scale,
      0,
      0,
      devicePixelRatio * scale,
      devicePixelRatio * x,
      devicePixelRatio * y,
    );
    g.imageSmoothingEnabled = scale < 3;
    if (this.#picture) g.drawImage(this.#picture, 0, 0, picture.width, picture.height);
    g.globalAlpha = this.opacity;
    g.drawImage(this.overlay.area, 0, 0);
    g.globalAlpha = Math.min(1, 3 * this.opacity);
    g.drawImage(this.overlay.edge, 0, 0);
    g.globalAlpha = 1;
    this.#paintShape(g, scale);
  }

  #paintShape(g, scale) {
    const outline = () => strokeOutline(g, scale);
    if (this.tool) {
      g.beginPath();
      this.tool.sketch(g);
      outline();
    }
    const at = this.#crosshair ?? this.#hover;
    if (at && (this.toolName === "brush" || this.toolName === "eraser")) {
      g.beginPath();
      g.arc(at.x, at.y, this.easel.radius, 0, 7);
      outline();
    }
    if (this.#crosshair) {
      const arm = 10 / scale;
      g.beginPath();
      g.moveTo(at.x - arm, at.y);
      g.lineTo(at.x + arm, at.y);
      g.moveTo(at.x, at.y - arm);
      g.lineTo(at.x, at.y + arm);
      outline();
    }
  }
}
