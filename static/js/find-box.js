import { RequestError } from "./request.js";
import { words } from "./words.js";

const GATHER_MS = 250;

/** The search inside a document: how often the words stand in it, and one place after the other. */
export class FindBox {
  #form;
  #input;
  #count;
  #hits = []; // {page, nth}
  #at = -1;
  #query = "";
  #until = 0;
  #timer = 0;
  #asking = null;

  /** @param {HTMLFormElement} form @param {{onHit: (hit: object) => Promise<void>, onCounts: (counts: number[][]) => void, onNone: () => void}} options */
  constructor(form, { onHit, onCounts, onNone }) {
    this.#form = form;
    this.#input = form.querySelector("input");
    this.#count = form.querySelector(".find-count");
    this.onHit = onHit;
    this.onCounts = onCounts;
    this.onNone = onNone;
  }

  /** Go to the first place of what the address asks for, and follow what is typed. */
  start() {
    this.#form.dataset.ready = "";
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("click", ({ target }) => {
      const step = target.closest("[data-hit]")?.dataset.hit;
      if (step) this.#step(Number(step));
    });
    this.#input.addEventListener("keydown", (event) => this.#onKey(event));
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#find(), GATHER_MS);
    });
    document.addEventListener("keydown", (event) => this.#onShortcut(event));
    this.#tell();
    if (this.#input.value.trim()) this.#find();
  }

  #onKey(event) {
    if (event.key === "Escape" && this.#input.value) {
      event.preventDefault();
      this.#input.value = "";
      this.#find();
    }
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (this.#input.value.trim() === this.#query) this.#step(event.shiftKey ? -1 : 1);
    else this.#find();
  }

  /** The browser's own search sees only the pages that are drawn. */
  #onShortcut(event) {
    const isFind = (event.ctrlKey || event.metaKey) && event.key === "f";
    if (!isFind && event.key !== "F3") return;
    event.preventDefault();
    if (isFind) this.#input.select();
    else this.#step(event.shiftKey ? -1 : 1);
  }

  async #find() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#query = this.#input.value.trim();
    [this.#hits, this.#at, this.#until] = [[], -1, 0];
    if (!this.#query) {
      this.onNone();
      this.onCounts([]);
      return this.#tell();
    }
    this.#asking = new AbortController();
    try {
      await this.#ask(this.#asking.signal);
    } catch (error) {
      if (error.name !== "AbortError") this.#count.textContent = error instanceof RequestError ? error.message : words("unreachable");
    }
  }

  async #ask(signal) {
    const url = `${this.#form.dataset.findUrl}?${new URLSearchParams({ find: this.#query })}`;
    const response = await fetch(url, { headers: { Accept: "application/json" }, signal });
    if (!response.ok) throw new RequestError({ message: words("gone") }, response.status);
    const { pages, until } = await response.json();
    this.#until = until;
    this.#hits = pages.flatMap(([page, times]) => Array.from({ length: times }, (_, nth) => ({ page, nth })));
    this.onCounts(pages);
    if (!this.#hits.length) this.onNone();
    this.#step(1);
  }

  #step(step) {
    if (this.#hits.length) {
      this.#at = (this.#at + step + this.#hits.length) % this.#hits.length;
      this.onHit({ ...this.#hits[this.#at], query: this.#query });
    }
    this.#tell();
  }

  #tell() {
    const number = this.#hits.length;
    for (const button of this.#form.querySelectorAll("[data-hit]")) button.disabled = number < 2;
    const found = number ? words("hit_of", { place: this.#at + 1, number }) : words("no_hits");
    const until = this.#until ? ` ${words("hits_until", { page: this.#until })}` : "";
    this.#count.textContent = this.#query ? found + until : "";
  }
}
