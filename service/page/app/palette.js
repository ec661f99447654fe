/** The colours of DAVIS by object id. */

/** @returns {[number, number, number]} */
export function colour(id) {
  const rgb = [0, 0, 0];
  for (let bit = 0; bit < 8; bit++) {
    for (let channel = 0; channel < 3; channel++)
      rgb[channel] |= ((id >> (3 * bit + channel)) & 1) << (7 - bit);
  }
  return rgb;
}

export function cssColour(id) {
  return `rgb(${colour(id).join(" ")})`;
}

/** The colour of an object's edge: a lighter tone. */
export function edgeColour(id) {
  return colour(id).map((value) => Math.round(255 - (255 - value) * 0.4));
}
