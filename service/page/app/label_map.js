/** Object ids by pixel, and shapes drawn into them. */

/** A rectangle that grows; empty at first. */
export class Rect {
  constructor(x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity) {
    Object.assign(this, { x0, y0, x1, y1 });
  }

  get isEmpty() {
    return this.x1 <= this.x0 || this.y1 <= this.y0;
  }

  include(other) {
    return new Rect(
      Math.min(this.x0, other.x0),
      Math.min(this.y0, other.y0),
      Math.max(this.x1, other.x1),
      Math.max(this.y1, other.y1),
    );
  }
}

export class LabelMap {
  /** @param {Uint8Array} data width * height ids, 0: background */
  constructor(width, height, data = new Uint8Array(width * height)) {
    Object.assign(this, { width, height, data });
  }

  copy() {
    return new LabelMap(this.width, this.height, this.data.slice());
  }

  /** @returns {number[]} ids that are there, ascending */
  objects() {
    const seen = new Uint8Array(256);
    for (const id of this.data) seen[id] = 1;
    return Array.from(seen.keys()).filter((id) => id && seen[id]);
  }

  /** Pixels within `radius` of the line from a to b; returns what has changed. */
  drawLine(a, b, radius, id) {
    const box = this.#clip(
      Math.min(a.x, b.x) - radius,
      Math.min(a.y, b.y) - radius,
      Math.max(a.x, b.x) + radius + 1,
      Math.max(a.y, b.y) + radius + 1,
    );
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const length2 = dx * dx + dy * dy;
    for (let y = box.y0; y < box.y1; y++) {
      for (let x = box.x0; x < box.x1; x++) {
        const [px, py] = [x + 0.5 - a.x, y + 0.5 - a.y];
        const t = length2 ? Math.max(0, Math.min(1, (px * dx + py * dy) / length2)) : 0;
        const [ex, ey] = [px - t * dx, py - t * dy];
        if (ex * ex + ey * ey <= radius * radius) this.data[y * this.width + x] = id;
      }
    }
    return box;
  }

  fillBox(a, b, id) {
    const box = this.#clip(
      Math.round(Math.min(a.x, b.x)),
      Math.round(Math.min(a.y, b.y)),
      Math.round(Math.max(a.x, b.x)),
      Math.round(Math.max(a.y, b.y)),
    );
    for (let y = box.y0; y < box.y1; y++)
      this.data.fill(id, y * this.width + box.x0, y * this.width + box.x1);
    return box;
  }

  /** Pixels whose centres are inside, by the even-odd rule. */
  fillPolygon(points, id) {
    const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)];
    const box = this.#clip(
      Math.min(...xs),
      Math.min(...ys),
      Math.max(...xs) + 1,
      Math.max(...ys) + 1,
    );
    for (let y = box.y0; y < box.y1; y++) {
      const crossings = crossingsAt(points, y + 0.5);
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        const from = Math.max(box.x0, Math.ceil(crossings[i] - 0.5));
        const to = Math.min(box.x1, Math.ceil(crossings[i + 1] - 0.5));
        if (to > from) this.data.fill(id, y * this.width + from, y * this.width + to);
      }
    }
    return box;
  }

  /** Give all pixels of an object to another (0: to none). */
  replace(from, to) {
    for (let i = 0; i < this.data.length; i++) if (this.data[i] === from) this.data[i] = to;
    return new Rect(0, 0, this.width, this.height);
  }

  read(rect) {
    const width = rect.x1 - rect.x0;
    const out = new Uint8Array(width * (rect.y1 - rect.y0));
    for (let y = rect.y0; y < rect.y1; y++)
      out.set(
        this.data.subarray(y * this.width + rect.x0, y * this.width + rect.x1),
        (y - rect.y0) * width,
      );
    return out;
  }

  write(rect, values) {
    const width = rect.x1 - rect.x0;
    for (let y = rect.y0; y < rect.y1; y++)
      this.data.set(
        values.subarray((y - rect.y0) * width, (y - rect.y0 + 1) * width),
        y * this.width + rect.x0,
      );
  }

  #clip(x0, y0, x1, y1) {
    const within = (value, most) => Math.max(0, Math.min(most, Math.floor(value)));
    return new Rect(
      within(x0, this.width),
      within(y0, this.height),
      within(Math.ceil(x1), this.width),
      within(Math.ceil(y1), this.height),
    );
  }
}

function crossingsAt(points, y) {
  const found = [];
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length];
    if (a.y <= y !== b.y <= y) found.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
  });
  return found.sort((a, b) => a - b);
}
