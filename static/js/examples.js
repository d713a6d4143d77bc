import { fetchPart } from "./request.js";

const ENOUGH = 3;

/** Questions to begin with, made from the newest files; they follow what becomes ready while the page is still empty. */
export class Examples {
  #box = document.querySelector("#examples");
  #ready = 0;
  #isAsking = false;

  /** @param {(text: string) => void} onAsk */
  start(onAsk) {
    this.#box?.addEventListener("click", ({ target }) => {
      const question = target.closest("[data-question]")?.dataset.question;
      if (question) onAsk(question);
    });
  }

  /** @param {{ready: number, reading: number, queued: number}} line what is being read in the workspace */
  async follow({ ready, reading, queued }) {
    const isNews = ready !== this.#ready;
    this.#ready = ready;
    const isFull = this.#box?.querySelectorAll("[data-question]").length === ENOUGH;
    if (!isNews || !this.#box?.isConnected || isFull || (this.#isAsking && reading + queued)) return;
    this.#isAsking = true;
    const html = await fetchPart(this.#box.dataset.url).catch(() => null); // the ones that are shown still serve
    this.#isAsking = false;
    if (html !== null && !this.#box.contains(document.activeElement)) this.#box.innerHTML = html;
  }
}
