import { documentShare, documentState } from "./document-state.js";
import { fetchPart } from "./request.js";
import { words } from "./words.js";

const TYPING_MS = 200;
const AFTER_NEWS_MS = 500;
const NEWS_EVERY_MS = 2000; // while hundreds of files come in, the list is asked for as often as one can read it
const FURTHER_MAX = 2000; // rows; from there on the link leads to a page of its own

/** The rows of the shelf: narrowed and sorted by the server, alive, going on at the end of the page. */
export class ShelfRows {
  #form = document.querySelector("#filter-form");
  #timer = 0;
  #askedAt = 0;
  #asking = 0;
  #newest = 0;
  #end = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && this.#goOn(), { rootMargin: "600px" });

  /** @param {string} url of the rows @param {() => void} onRows */
  constructor(url, onRows) {
    this.url = url;
    this.onRows = onRows;
  }

  start() {
    this.#form.addEventListener("input", ({ target }) => this.#askSoon(target.matches("select") ? 0 : TYPING_MS));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#askSoon(0);
    });
    document.querySelector("#documents").addEventListener("click", (event) => this.#click(event));
    this.#watchEnd();
  }

  /** The fields of the form: what is asked for. */
  get wanted() {
    return Object.fromEntries([...new FormData(this.#form)].filter(([, value]) => value));
  }

  /** A file's state changed; one that has no row yet comes with the next look at the shelf. @param {object} frame */
  follow(frame) {
    const row = document.querySelector(`#document-${CSS.escape(frame.document)}`);
    if (frame.removed) row?.remove();
    if (!row || frame.removed) return this.refresh();
    row.dataset.status = frame.status;
    row.toggleAttribute("data-warnings", frame.warnings.length > 0);
    row.querySelector(".document-name").textContent = frame.title || frame.name;
    row.querySelector(".document-state-words").textContent = documentState(frame);
    row.querySelector("progress").value = documentShare(frame) ?? 1;
    row.querySelector(".document-pages").textContent = frame.pages || "";
    if (documentShare(frame) === null) this.refresh();
  }

  /** Look at the shelf again, soon; not more often than every two seconds, however much happens. */
  refresh() {
    const wait = Math.max(AFTER_NEWS_MS, this.#askedAt + NEWS_EVERY_MS - performance.now());
    this.#timer ||= setTimeout(() => this.#ask({ isNew: false }), wait);
  }

  /** Ask anew, as somebody wants to see something else. */
  reload() {
    this.#askSoon(0);
  }

  #askSoon(waitMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask({ isNew: true }), waitMs);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const link = event.target.closest(".chip, .sort, #more, .shelf-turn a, .empty a");
    if (event.target.closest("[data-act='reload']")) this.reload();
    if (!link?.href || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.id === "more" && rows().length >= FURTHER_MAX) return;
    event.preventDefault();
    if (link.id === "more") return this.#goOn();
    const asked = new URL(link.href).searchParams;
    for (const name of ["q", "state", "sort"]) this.#form.elements[name].value = asked.get(name) ?? (name === "sort" ? "-added" : "");
    this.reload();
  }

  async #ask({ isNew }) {
    this.#timer = 0;
    this.#askedAt = performance.now();
    const asked = ++this.#asking;
    const shelf = document.querySelector("#shelf");
    const query = new URLSearchParams(this.wanted).toString();
    const before = new URLSearchParams(location.search);
    if (isNew) shelf.setAttribute("aria-busy", "true");
    else for (const name of ["before", "after"]) if (before.has(name)) return this.onRows(); // this page begins elsewhere: its rows are alive by themselves
    const fresh = await this.#fetch(`?${query}`);
    if (!fresh || asked < this.#newest) return;
    this.#newest = asked;
    if (isNew) {
      shelf.replaceWith(fresh);
      history.replaceState(null, "", query ? `?${query}` : location.pathname);
      document.querySelector("#shelf-said").textContent = words("documents_shown", { number: Number(fresh.dataset.total) });
    } else merge(shelf, fresh);
    this.#watchEnd();
    this.onRows();
  }

  /** @param {string} query */
  async #fetch(query) {
    const failed = document.querySelector("#shelf-failed");
    try {
      const page = new DOMParser().parseFromString(await fetchPart(this.url + query), "text/html");
      failed.hidden = true;
      return page.getElementById("shelf");
    } catch {
      document.querySelector("#shelf").removeAttribute("aria-busy");
      failed.hidden = false;
      return null;
    }
  }

  async #goOn() {
    const more = document.querySelector("#more");
    if (!more || more.ariaDisabled === "true" || rows().length >= FURTHER_MAX) return;
    more.ariaDisabled = "true";
    const fresh = await this.#fetch(new URL(more.href).search);
    more.ariaDisabled = "false";
    if (!fresh || !more.isConnected) return;
    const known = new Set(rows().map(({ id }) => id));
    document.querySelector("#shelf tbody").append(...[...fresh.querySelectorAll("tbody > tr")].filter(({ id }) => !known.has(id)));
    const next = fresh.querySelector("#more");
    if (next) more.replaceWith(next);
    else more.closest(".shelf-turn").remove();
    this.#watchEnd();
    this.onRows();
  }

  #watchEnd() {
    this.#end.disconnect();
    const more = document.querySelector("#more");
    if (more && rows().length < FURTHER_MAX) this.#end.observe(more);
  }
}

/** @returns {HTMLElement[]} */
function rows() {
  return [...document.querySelectorAll("#shelf tbody > tr")];
}

/**
 * Bring the first page up to date without touching what stays as it is: ticks, focus and open menus are kept, further pages too.
 * @param {HTMLElement} shelf
 * @param {HTMLElement} fresh
 */
function merge(shelf, fresh) {
  const body = shelf.querySelector("tbody");
  const freshRows = [...fresh.querySelectorAll("tbody > tr")];
  if (!body || !freshRows.length) return shelf.replaceWith(fresh);
  shelf.dataset.total = fresh.dataset.total;
  shelf.querySelector(".chips").replaceWith(fresh.querySelector(".chips"));
  const byId = new Map([...body.children].map((row) => [row.id, row]));
  const isWhole = !fresh.querySelector("#more");
  const last = byId.get(freshRows.at(-1).id);
  const ids = new Set(freshRows.map(({ id }) => id));
  for (const row of [...body.children]) {
    if (!ids.has(row.id) && (isWhole || (last && row.compareDocumentPosition(last) & Node.DOCUMENT_POSITION_FOLLOWING))) row.remove();
  }
  freshRows.forEach((row, index) => {
    const known = byId.get(row.id);
    if (known && !isInUse(known)) update(known, row);
    const here = known ?? row;
    if (body.children[index] !== here) body.insertBefore(here, body.children[index] ?? null);
  });
}

/** @param {HTMLElement} row */
function isInUse(row) {
  return (
    row.querySelector("details[open]") !== null || (row.contains(document.activeElement) && !document.activeElement.matches(".pick input"))
  );
}

/** @param {HTMLElement} known @param {HTMLElement} row */
function update(known, row) {
  known.dataset.status = row.dataset.status;
  known.toggleAttribute("data-warnings", row.hasAttribute("data-warnings"));
  [...row.children].forEach((cell, index) => {
    const old = known.children[index];
    if (!old.matches(".pick") && old.innerHTML !== cell.innerHTML) old.replaceChildren(...cell.childNodes);
  });
}
