/** Where the picture lies in the window: pixels of the picture to pixels of the screen. */

const MOST_ZOOM = 32;
const MARGIN = 16;

export class Viewport {
  scale = 1;
  x = 0;
  y = 0;
  isFitted = true;

  constructor(width, height) {
    this.picture = { width, height };
    this.window = { width: 1, height: 1 };
  }

  resize(width, height) {
    this.window = { width, height };
    if (this.isFitted) this.fit();
  }

  get fittedScale() {
    const { width, height } = this.window;
    return Math.max(
      0.01,
      Math.min(
        (width - 2 * MARGIN) / this.picture.width,
        (height - 2 * MARGIN) / this.picture.height,
      ),
    );
  }

  fit() {
    this.scale = this.fittedScale;
    this.x = (this.window.width - this.picture.width * this.scale) / 2;
    this.y = (this.window.height - this.picture.height * this.scale) / 2;
    this.isFitted = true;
  }

  /** Zoom by a factor around a point of the screen (by default the middle). */
  zoom(factor, at = { x: this.window.width / 2, y: this.window.height / 2 }) {
    const scale = Math.max(
      Math.min(this.fittedScale, 1) / 2,
      Math.min(MOST_ZOOM, this.scale * factor),
    );
    const applied = scale / this.scale;
    this.x = at.x - (at.x - this.x) * applied;
    this.y = at.y - (at.y - this.y) * applied;
    this.scale = scale;
    this.isFitted = false;
    this.#keepInView();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.isFitted = false;
    this.#keepInView();
  }

  toPicture(point) {
    return { x: (point.x - this.x) / this.scale, y: (point.y - this.y) / this.scale };
  }

  #keepInView() {
    const some = 40;
    this.x = Math.min(
      this.window.width - some,
      Math.max(some - this.picture.width * this.scale, this.x),
    );
    this.y = Math.min(
      this.window.height - some,
      Math.max(some - this.picture.height * this.scale, this.y),
    );
  }
}
