/**
 * What the pointer does to the mask. Every tool is told of points of the picture: `down`, `move`,
 * `up`; `sketch` draws a shape that is not finished; `cancel` gives it up.
 *
 * The easel is what they draw on: `begin()` gives a LabelMap, or null where drawing is not allowed;
 * `extend(rect)` shows what has changed, `end()` makes a step of it; `id` and `radius` are chosen.
 */

class Stroke {
  #map = null;
  #last = null;

  constructor(easel, isEraser) {
    Object.assign(this, { easel, isEraser });
  }

  down(point) {
    this.#map = this.easel.begin();
    this.#last = point;
    this.move(point);
  }

  move(point) {
    if (!this.#map) return;
    const id = this.isEraser ? 0 : this.easel.id;
    this.easel.extend(this.#map.drawLine(this.#last, point, this.easel.radius, id));
    this.#last = point;
  }

  up() {
    if (this.#map) this.easel.end();
    this.#map = null;
  }

  cancel() {
    this.up();
  }

  sketch() {}
}

class Box {
  #from = null;
  #to = null;

  constructor(easel) {
    this.easel = easel;
  }

  get isOpen() {
    return this.#from !== null;
  }

  down(point) {
    this.#from = this.#to = point;
  }

  move(point) {
    if (this.#from) this.#to = point;
  }

  up(point) {
    if (!this.#from) return;
    const map = this.easel.begin();
    if (map) {
      this.easel.extend(map.fillBox(this.#from, point, this.easel.id));
      this.easel.end();
    }
    this.cancel();
  }

  cancel() {
    this.#from = this.#to = null;
  }

  sketch(canvas) {
    if (!this.#from) return;
    canvas.rect(this.#from.x, this.#from.y, this.#to.x - this.#from.x, this.#to.y - this.#from.y);
  }
}

class Polygon {
  #points = [];
  #pointer = null;

  constructor(easel) {
    this.easel = easel;
  }

  get isOpen() {
    return this.#points.length > 0;
  }

  down(point) {
    const [first] = this.#points;
    const isBack = first && Math.hypot(first.x - point.x, first.y - point.y) < this.easel.nearness;
    if (isBack && this.#points.length > 2) this.close();
    else this.#points.push(point);
    this.#pointer = point;
  }

  move(point) {
    this.#pointer = point;
  }

  up() {}

  /** Fill what the corners enclose. */
  close() {
    if (this.#points.length > 2) {
      const map = this.easel.begin();
      if (map) {
        this.easel.extend(map.fillPolygon(this.#points, this.easel.id));
        this.easel.end();
      }
    }
    this.cancel();
  }

  removeCorner() {
    this.#points.pop();
  }

  cancel() {
    this.#points = [];
  }

  sketch(canvas) {
    if (!this.isOpen) return;
    const [first, ...others] = this.#points;
    canvas.moveTo(first.x, first.y);
    for (const point of others) canvas.lineTo(point.x, point.y);
    if (this.#pointer) canvas.lineTo(this.#pointer.x, this.#pointer.y);
    for (const point of this.#points) {
      const r = this.easel.nearness / (point === first ? 1.5 : 5);
      canvas.moveTo(point.x + r, point.y);
      canvas.arc(point.x, point.y, r, 0, 7);
    }
  }
}

/** @returns {Object<string, Stroke|Polygon|Box>} by the tool's name */
export function makeTools(easel) {
  return {
    brush: new Stroke(easel, false),
    eraser: new Stroke(easel, true),
    polygon: new Polygon(easel),
    box: new Box(easel),
  };
}
