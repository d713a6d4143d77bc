import { documentShare, documentState } from "./document-state.js";
import { send } from "./request.js";
import { swap } from "./swap.js";
import { toast } from "./toast.js";
import { words } from "./words.js";

const TYPING_MS = 200;
const GATHER_MS = 400;
const PARTS = ["document-rows", "document-total", "document-count"];

/** The shelf's table: filtered while one types, its rows alive, with retry and a delete that can be undone. */
export class DocumentsTable {
  #filter = document.querySelector("#filter");
  #timer = 0;

  /** @param {string} api address of the documents */
  constructor(api) {
    this.api = api;
  }

  start() {
    this.#filter.addEventListener("input", () => this.#reloadAfter(TYPING_MS));
    this.#filter.form.addEventListener("submit", (event) => event.preventDefault());
    document.querySelector("#documents").addEventListener("click", ({ target }) => {
      const act = target.closest("[data-act]")?.dataset.act;
      const row = target.closest(".document");
      if (row && act === "retry") this.#retry(row.dataset.document);
      if (row && act === "delete") this.#delete(row.dataset.document);
    });
  }

  /** A file's state changed; one that has no row yet comes with the next look at the shelf. @param {object} frame */
  follow(frame) {
    const row = document.querySelector(`#document-${frame.document}`);
    if (frame.removed) row?.remove();
    if (!row || frame.removed) return this.#reloadAfter(GATHER_MS);
    row.dataset.status = frame.status;
    row.querySelector(".document-name").textContent = frame.title || frame.name;
    row.querySelector(".document-state-words").textContent = documentState(frame);
    row.querySelector("progress").value = documentShare(frame) ?? 1;
    row.querySelector(".document-pages").textContent = frame.pages || "";
  }

  #reloadAfter(waitMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#reload(), waitMs);
  }

  async #reload() {
    const query = this.#filter.value.trim();
    const url = query ? `${location.pathname}?${new URLSearchParams({ q: query })}` : location.pathname;
    await swap(url, ...PARTS).catch(report);
    history.replaceState(null, "", url);
  }

  async #retry(id) {
    await send(`${this.api}/${id}/retry`).catch(report);
  }

  async #delete(id) {
    await send(`${this.api}/${id}`, { method: "DELETE" }).then(() => {
      toast(words("document_deleted"), { action: words("undo"), onAction: () => send(`${this.api}/${id}/restore`).catch(report) });
    }, report);
  }
}

/** @param {Error} error */
function report(error) {
  toast(error.message, { kind: "error" });
}
