import { swap } from "./swap.js";

const GATHER_MS = 500;

/** The number of documents in the side, asked for again when one came or went. */
export class DocumentCount {
  #known = new Set();
  #timer = 0;

  /** @param {{document: string, removed: boolean}} frame */
  follow({ document: id, removed }) {
    if (this.#known.has(id) && !removed) return;
    if (removed) this.#known.delete(id);
    else this.#known.add(id);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#reload(), GATHER_MS);
  }

  async #reload() {
    await swap(location.href, "document-count").catch(() => this.#known.clear()); // out of reach: the next frame asks again
  }
}
