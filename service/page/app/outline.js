/** A line that is seen on any picture: white on black. */

const STROKES = [
  [3, "rgb(0 0 0 / .6)"],
  [1.25, "#fff"],
];

/**
 * Stroke the canvas's path.
 * @param {number} scale pixels of the screen per unit of the path
 */
export function strokeOutline(g, scale) {
  for (const [width, style] of STROKES) {
    g.lineWidth = width / scale;
    g.strokeStyle = style;
    g.stroke();
  }
}
