import { TextView } from "./text-view.js";
import { words } from "./words.js";

const TEXT_AFTER_MS = 1500; // what was read from a page is shown while its drawing takes longer than this
const GIVEN_UP_MS = 30_000;
const CHOICE = "gemmaweb-read-as"; // "text" where a person wants no drawings
const KEYS = { PageDown: "on", ArrowRight: "on", PageUp: "back", ArrowLeft: "back", "+": "closer", "-": "farther", 0: "fit" };

/** The viewer of one document (<section class="viewer">): its pages as they are, where the file is a PDF, or its text. */
export class Viewer {
  #element;
  #stage;
  #text;
  #pdf = null;
  #place = {};
  #page = 1; // that is looked at
  #asked = 0; // what was asked for last wins

  /** @param {HTMLElement} element @param {{onPage?: (number: number) => void}} [options] */
  constructor(element, { onPage } = {}) {
    this.#element = element;
    this.#stage = element.querySelector(".viewer-stage");
    this.onPage = onPage;
    const { pageUrl: url, pages } = element.dataset;
    const root = element.querySelector(".viewer-text");
    this.#text = new TextView(this.#stage, { root, url, pages: Number(pages), onPage: (number) => this.#say(number) });
    element.addEventListener("click", (event) => this.#onClick(event));
    element.addEventListener("keydown", (event) => this.#onKey(event));
    addEventListener("online", this.#onOnline);
    element.dataset.ready = "";
  }

  /** The place that the element was made for. */
  static placeOf({ dataset: { page, quote, nth } }) {
    return { page: Number(page), quote, nth: Number(nth) };
  }

  /** Whether a place of the file behind another element can be shown here, without opening the file anew. @param {HTMLElement} element */
  canShow(element) {
    return this.#pdf !== null && element.dataset.pdf === this.#element.dataset.pdf;
  }

  /**
   * Show a place: as pages where these are wanted and can be had, else as text. Says in a line where the words are not found.
   * @param {{page: number, quote?: string, nth?: number}} place
   * @param {{asPages: boolean}} how
   */
  async show(place, { asPages }) {
    this.#place = place;
    this.#asked += 1;
    this.#say(place.page);
    const wantsPages = asPages && "pdf" in this.#element.dataset && localStorage.getItem(CHOICE) !== "text";
    if (wantsPages) await this.#showPages();
    else await this.#showText();
  }

  /** @param {{page: number, query: string, nth: number}} hit */
  async showHit(hit) {
    await this.#view.showHit(hit);
  }

  forgetHits() {
    this.#view.forgetHits();
  }

  focus() {
    this.#stage.focus({ preventScroll: true });
  }

  close() {
    this.#asked += 1;
    removeEventListener("online", this.#onOnline);
    this.#text.close();
    this.#pdf?.close();
    this.#pdf = null;
  }

  get #view() {
    return this.#pdf ?? this.#text;
  }

  async #showPages() {
    const asked = this.#asked;
    this.#as("opening");
    const slow = setTimeout(() => this.#element.dataset.view === "opening" && this.#as("text"), TEXT_AFTER_MS);
    try {
      const how = await Promise.race([this.#drawn(asked), tooLong()]);
      if (asked === this.#asked) this.#tell(how);
    } catch (error) {
      if (asked === this.#asked) await this.#fallBack(error);
    } finally {
      clearTimeout(slow);
    }
  }

  /** Resolves once the page of the place stands there, drawn. */
  async #drawn(asked) {
    const { PdfView } = await import("./pdf-view.js");
    const { pdf: url, pdfWorker: worker, pdfAssets: assets } = this.#element.dataset;
    if (!this.#pdf) {
      const view = new PdfView(this.#stage, { onPage: (number) => view === this.#pdf && this.#say(number) });
      await view.open({ url, worker, assets });
      if (asked !== this.#asked) return view.close();
      this.#pdf = view;
    }
    this.#as("pages"); // before it is laid out: what is not shown has no size
    this.#text.forgetQuote();
    return this.#pdf.show(this.#place);
  }

  /** The text does instead, and the line above it says so. */
  async #fallBack(error) {
    console.warn(error);
    this.#pdf?.close();
    this.#pdf = null;
    await this.#showText();
    this.#note(words("pdf_failed"));
  }

  async #showText() {
    this.#pdf?.close();
    this.#pdf = null;
    this.#as("text");
    try {
      this.#tell(await this.#text.show(this.#place));
    } catch (error) {
      this.#note(error.message);
    }
  }

  /** @param {"opening" | "pages" | "text"} view */
  #as(view) {
    this.#element.dataset.view = view;
    this.#element.querySelector("[data-act='as-text']")?.setAttribute("aria-pressed", String(view === "text"));
  }

  #tell(how) {
    this.#note(how && how !== "found" ? words(`quote_${how}`) : "");
  }

  #note(sentence) {
    const note = this.#element.querySelector(".viewer-note");
    note.textContent = sentence;
    note.hidden = !sentence;
  }

  /** The page that is looked at. */
  #say(page) {
    const { pages } = this.#element.dataset;
    this.#element.querySelector(".viewer-where").textContent = words("page_of", { page, pages });
    this.#element.querySelector("[data-act='back']").ariaDisabled = String(page <= 1);
    this.#element.querySelector("[data-act='on']").ariaDisabled = String(page >= Number(pages));
    this.#page = page;
    this.onPage?.(page);
  }

  #onClick(event) {
    const act = event.target.closest("[data-act]")?.dataset.act;
    if (!act) return;
    event.preventDefault();
    this.#do(act);
  }

  #onKey(event) {
    if (event.target.closest("input, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = KEYS[event.key];
    const scrolls = event.key.startsWith("Arrow") && this.#stage.scrollWidth > this.#stage.clientWidth + 1;
    if (!act || scrolls) return;
    event.preventDefault();
    this.#do(act);
  }

  #do(act) {
    if (act === "on" || act === "back") this.#turn(act === "on" ? 1 : -1);
    if (act === "as-text") this.#choose(this.#element.dataset.view === "text" ? "pages" : "text");
    if (act === "closer" || act === "farther" || act === "fit") this.#pdf?.zoom({ closer: 1, farther: -1, fit: 0 }[act]);
  }

  async #turn(step) {
    const turned = this.#view.turn(step);
    await turned?.catch((error) => this.#note(error.message));
  }

  /** pdf.js asks once for each part of a file: what did not come is had by opening it anew. */
  #onOnline = () => {
    if (!this.#pdf?.hasFailed) return;
    this.#pdf.close();
    this.#pdf = null;
    this.show({ page: this.#page }, { asPages: true });
  };

  #choose(view) {
    localStorage.setItem(CHOICE, view);
    this.show(this.#page === this.#place.page ? this.#place : { page: this.#page }, { asPages: true });
  }
}

function tooLong() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error(words("page_undrawable"))), GIVEN_UP_MS));
}
