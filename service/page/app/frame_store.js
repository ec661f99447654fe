/** Frames and masks of one video from the service, kept for a while. */

import { getBlob } from "./api.js";
import { LabelMap } from "./label_map.js";
import { decodeLabels } from "./png_labels.js";

const MOST_BYTES = 200e6;
const AT_ONCE = 3;

class BlobCache {
  #blobs = new Map();
  #bytes = 0;

  get(path) {
    const blob = this.#blobs.get(path);
    if (blob) {
      this.#blobs.delete(path);
      this.#blobs.set(path, blob);
    }
    return blob;
  }

  set(path, blob) {
    this.delete(path);
    this.#blobs.set(path, blob);
    this.#bytes += blob.size;
    for (const [oldest] of this.#blobs) {
      if (this.#bytes <= MOST_BYTES) break;
      this.delete(oldest);
    }
  }

  delete(path) {
    this.#bytes -= this.#blobs.get(path)?.size ?? 0;
    this.#blobs.delete(path);
  }
}

export class FrameStore {
  #cache = new BlobCache();
  #coming = new Map();
  #wanted = [];
  #fetching = 0;

  /**
   * @param {Object} video
   * @param {string} video.path of a draft or job
   * @param {boolean} video.hasMasks whether to ask for masks, too
   */
  constructor({ path, width, height, frames, hasMasks }) {
    Object.assign(this, { path, width, height, frames, hasMasks });
  }

  /** @returns {Promise<ImageBitmap>} */
  async picture(frame) {
    return createImageBitmap(await this.#get(`${this.path}/frames/${frame}`));
  }

  /** @returns {Promise<LabelMap>} empty where there is no mask yet */
  async labels(frame) {
    const empty = new LabelMap(this.width, this.height);
    if (!this.hasMasks(frame)) return empty;
    try {
      const { data } = await decodeLabels(
        await (await this.#get(`${this.path}/masks/${frame}`)).arrayBuffer(),
      );
      return new LabelMap(this.width, this.height, data);
    } catch (error) {
      if (["not_ready", "output_missing", "job_expired"].includes(error.code)) return empty;
      throw error;
    }
  }

  /** Fetch frames before they are asked for; what was wanted before is not any longer. */
  prefetch(frames) {
    this.#wanted = frames.filter((frame) => frame >= 0 && frame < this.frames);
    this.#fetchWanted();
  }

  #fetchWanted() {
    while (this.#fetching < AT_ONCE && this.#wanted.length) {
      const frame = this.#wanted.shift();
      const paths = [`${this.path}/frames/${frame}`];
      if (this.hasMasks(frame)) paths.push(`${this.path}/masks/${frame}`);
      this.#fetching += 1;
      Promise.allSettled(paths.map((path) => this.#get(path))).then(() => {
        this.#fetching -= 1;
        this.#fetchWanted();
      });
    }
  }

  async #get(path) {
    const kept = this.#cache.get(path);
    if (kept) return kept;
    if (!this.#coming.has(path)) {
      const coming = getBlob(path).finally(() => this.#coming.delete(path));
      this.#coming.set(path, coming);
      coming.then(
        (blob) => this.#cache.set(path, blob),
        () => {},
      );
    }
    return this.#coming.get(path);
  }
}
