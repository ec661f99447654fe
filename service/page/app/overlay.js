/** A label map as colours: flat areas that can be seen through, and edges that cannot. */

import { Rect } from "./label_map.js";
import { colour, edgeColour } from "./palette.js";

const pack = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
const AREA = Uint32Array.from({ length: 256 }, (_, id) => (id ? pack(colour(id)) : 0));
const EDGE = Uint32Array.from({ length: 256 }, (_, id) => (id ? pack(edgeColour(id)) : 0));

export class Overlay {
  #hidden = new Set();
  #labels = null;

  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.area = Object.assign(document.createElement("canvas"), { width, height });
    this.edge = Object.assign(document.createElement("canvas"), { width, height });
    this.reach = Math.max(1, Math.round(Math.min(width, height) / 480));
  }

  hide(ids) {
    this.#hidden = new Set(ids);
    if (this.#labels) this.show(this.#labels);
  }

  /** @param {LabelMap} labels */
  show(labels, rect = new Rect(0, 0, this.width, this.height)) {
    this.#labels = labels;
    const r = this.reach;
    const [x0, y0] = [Math.max(0, rect.x0 - r), Math.max(0, rect.y0 - r)];
    const [x1, y1] = [Math.min(this.width, rect.x1 + r), Math.min(this.height, rect.y1 + r)];
    if (x1 <= x0 || y1 <= y0) return;
    const area = new ImageData(x1 - x0, y1 - y0);
    const edge = new ImageData(x1 - x0, y1 - y0);
    this.#colour(
      labels.data,
      x0,
      y0,
      x1,
      y1,
      new Uint32Array(area.data.buffer),
      new Uint32Array(edge.data.buffer),
    );
    this.area.getContext("2d").putImageData(area, x0, y0);
    this.edge.getContext("2d").putImageData(edge, x0, y0);
  }

  #colour(data, x0, y0, x1, y1, area, edge) {
    const { width, height, reach } = this;
    let i = 0;
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++, i++) {
        const at = y * width + x;
        const id = data[at];
        if (!id || this.#hidden.has(id)) continue;
        area[i] = AREA[id];
        if (
          (x >= reach && data[at - reach] !== id) ||
          (x + reach < width && data[at + reach] !== id) ||
          (y >= reach && data[at - reach * width] !== id) ||
          (y + reach < height && data[at + reach * width] !== id)
        )
          edge[i] = EDGE[id];
      }
    }
  }
}
