import { send } from "./request.js";
import { toast } from "./toast.js";
import { words } from "./words.js";

/** What is done to one document or to the chosen ones: deleted with a way back, read again. */
export class ShelfActs {
  #page = document.querySelector("#documents");
  #dialog = document.querySelector("#delete-all");

  /** @param {{selection: import("./selection.js").Selection, rows: import("./shelf-rows.js").ShelfRows}} parts */
  constructor({ selection, rows }) {
    this.selection = selection;
    this.rows = rows;
  }

  start() {
    this.#page.addEventListener("click", ({ target }) => {
      const act = target.closest(".document [data-act]")?.dataset.act;
      const id = target.closest(".document")?.dataset.document;
      if (act === "delete") this.#delete({ document: id });
      if (act === "read" || act === "retry") this.#do({ act: "read", document: id });
    });
    this.#page.addEventListener("submit", (event) => {
      if (event.target.id !== "acts") return;
      event.preventDefault();
      this.#doToChosen(event.submitter.value);
    });
    this.#page.addEventListener("keydown", ({ key, target }) => {
      if (key === "Delete" && this.selection.size && target.closest(".documents")) this.#doToChosen("delete");
    });
    this.#dialog?.addEventListener("click", ({ target }) => {
      if (!target.closest("[data-act='delete-all']")) return;
      this.#dialog.close();
      this.#delete(this.#chosen);
    });
  }

  get #chosen() {
    const { selection, rows } = this;
    return selection.isAll ? { ...rows.wanted, all: "1" } : { document: selection.ids.join(",") };
  }

  /** All that fit a filter may be thousands: said before they go. @param {string} act */
  #doToChosen(act) {
    if (act === "read") return this.#do({ act, ...this.#chosen });
    if (!this.selection.isAll) return this.#delete(this.#chosen);
    document.querySelector("#delete-all-heading").textContent = words("documents_delete", { number: this.selection.size });
    this.#dialog.showModal();
  }

  /** @param {Record<string, string>} fields */
  async #delete(fields) {
    const done = await this.#do({ act: "delete", ...fields });
    if (!done) return;
    const undo = { act: "restore", removed_at: done.removed_at };
    toast(words("documents_deleted", { number: done.count }), { action: words("undo"), onAction: () => this.#do(undo) });
  }

  /** @param {Record<string, string>} fields @returns {Promise<{count: number, removed_at?: string} | null>} null where it was refused */
  async #do(fields) {
    try {
      const done = await (await send(this.#page.dataset.actsUrl, { fields })).json();
      if (!fields.document || fields.document.includes(",")) this.selection.clear();
      else this.selection.forget(fields.document);
      this.rows.refresh();
      return done;
    } catch (error) {
      toast(error.message, { kind: "error" });
      return null;
    }
  }
}
