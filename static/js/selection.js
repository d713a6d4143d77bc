/** Which documents are chosen: one by one, many in a row with Shift, all that are shown, or all that fit the filter. Outlives a change of the rows. */
export class Selection {
  #ids = new Set();
  #last = null;
  isAll = false;

  /** @param {HTMLElement} page */
  start(page) {
    page.addEventListener("click", (event) => this.#click(event));
    page.addEventListener("change", ({ target }) => target.id === "pick-all" && this.#chooseShown(target.checked));
    page.addEventListener("keydown", (event) => this.#key(event));
  }

  /** The chosen ids. @returns {string[]} */
  get ids() {
    return [...this.#ids];
  }

  get size() {
    return this.isAll ? Number(document.querySelector("#shelf").dataset.total) : this.#ids.size;
  }

  clear() {
    this.isAll = false;
    this.#ids.clear();
    this.show();
  }

  /** Put the ticks where they belong, after rows came or went. */
  show() {
    const boxes = picks();
    const there = new Set(boxes.map(({ value }) => value));
    if (this.isAll) for (const id of there) this.#ids.add(id);
    for (const box of boxes) box.checked = this.#ids.has(box.value);
    const all = document.querySelector("#pick-all");
    if (!all) return;
    const ticked = boxes.filter(({ checked }) => checked).length;
    all.checked = ticked === boxes.length && ticked > 0;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    this.#count(ticked === boxes.length);
  }

  /** A row that is gone is not chosen. @param {string} id */
  forget(id) {
    if (this.#ids.delete(id)) this.show();
  }

  #count(isEverythingShown) {
    const count = document.querySelector(".several-count");
    if (!count) return;
    count.classList.toggle("is-all", this.isAll);
    count.dataset.all = `${this.size} ${count.dataset.chosen}`;
    const offer = document.querySelector("#choose-all");
    if (offer) offer.hidden = this.isAll || !isEverythingShown;
  }

  #click({ target, shiftKey }) {
    if (target.closest("#choose-none")) this.clear();
    if (target.closest("#choose-all")) this.#chooseFitting();
    if (target.matches(".document .pick input")) this.#pick(target, shiftKey);
  }

  /** @param {HTMLInputElement} box @param {boolean} isRange */
  #pick(box, isRange) {
    const boxes = picks();
    const from = isRange ? boxes.findIndex(({ value }) => value === this.#last) : -1;
    const at = boxes.indexOf(box);
    const range = from < 0 ? [box] : boxes.slice(Math.min(from, at), Math.max(from, at) + 1);
    for (const { value } of range) box.checked ? this.#ids.add(value) : this.#ids.delete(value);
    if (!box.checked) this.isAll = false;
    this.#last = box.value;
    this.show();
  }

  #chooseShown(isChosen) {
    this.isAll = false;
    for (const { value } of picks()) isChosen ? this.#ids.add(value) : this.#ids.delete(value);
    this.show();
  }

  #chooseFitting() {
    this.isAll = true;
    this.show();
  }

  /** Up and down from row to row, with Shift choosing on the way; Escape chooses none. */
  #key(event) {
    if (event.key === "Escape" && this.#ids.size) this.clear();
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.target.matches(".document .pick input")) return;
    const boxes = picks();
    const next = boxes[boxes.indexOf(event.target) + step];
    event.preventDefault();
    if (!next) return;
    next.focus();
    if (!event.shiftKey) return;
    for (const { value } of [event.target, next]) this.#ids.add(value);
    this.#last = next.value;
    this.show();
  }
}

/** @returns {HTMLInputElement[]} */
function picks() {
  return [...document.querySelectorAll(".document .pick input")];
}
