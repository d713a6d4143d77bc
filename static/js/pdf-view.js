import { mark, readText, unmark } from "./marking.js";
import { findWords, look } from "./matching.js";
import { openPdf } from "./pdf-engine.js";
import { PdfPage } from "./pdf-page.js";
import { words } from "./words.js";

const EDGE_PX = 12; // beside a page
const MARGIN_POINTS = 14; // beside its text, where the page is cut to it
const NARROW_PX = 640; // below it the margins of a page are cut off, so that its words can be read
const CLOSER = 1.25;
const SMALLEST = 0.2;
const LARGEST = 6;
const KEPT = 6; // drawings
const SETTLED_MS = 120;

/** The pages of a PDF below each other in a stage that scrolls; drawn when they come near, and given back when they are far. */
export class PdfView {
  #stage;
  #opened = null;
  #root = document.createElement("div");
  #pages = [];
  #near = new Set();
  #isDrawing = false;
  #isClosed = false;
  #zoom = 1; // of what fits
  #scale = 1;
  #textWide = null; // [left, right] in points of the text of the page that was opened
  #current = 1;
  #settling = 0;
  #query = "";
  #asked = 0; // what was asked for last wins
  #watchers = [];

  /** @param {HTMLElement} stage @param {{onPage: (number: number) => void}} options */
  constructor(stage, { onPage }) {
    this.#stage = stage;
    this.#root.className = "pdf-pages";
    this.onPage = onPage;
  }

  /** Rejects where the file cannot be opened. @param {{url: string, worker: string, assets: string}} addresses */
  async open(addresses) {
    this.#opened = await openPdf(addresses);
    if (this.#isClosed) return this.#opened.close();
    const pages = this.#opened.pdf.numPages;
    for (let page = 1; page <= pages; page += 1) this.#pages.push(new PdfPage(this.#opened, page, words("page_of", { page, pages })));
    this.#root.append(...this.#pages.map((page) => page.element));
    this.#stage.append(this.#root);
    this.#watch();
  }

  close() {
    this.#isClosed = true;
    for (const watcher of this.#watchers) watcher.disconnect();
    this.#stage.removeEventListener("scroll", this.#onScroll);
    for (const page of this.#pages) if (page.drawnAt) page.free();
    this.#root.remove();
    this.#opened?.close();
  }

  /** Whether a page could not be drawn. */
  get hasFailed() {
    return this.#pages.some((page) => page.hasFailed);
  }

  /**
   * Show a page, with the quoted words marked and in the middle. Says how they were found: "found", "near", "missing", "picture" (a scan), or "" without a quote.
   * Rejects where the page cannot be drawn.
   * @param {{page: number, quote?: string, nth?: number}} place
   */
  async show({ page: number, quote = "", nth = 0 }) {
    this.#asked += 1;
    const asked = this.#asked;
    const page = this.#pages[Math.min(Math.max(number, 1), this.#pages.length) - 1];
    const size = await page.size();
    this.#guess(size);
    const { text } = await page.read();
    if (asked !== this.#asked) return "";
    this.#textWide = textExtent(page.layer, size.width);
    this.#fitTo(size);
    this.#scrollTo(page.element, EDGE_PX);
    this.#arrive(page.number);
    for (const other of this.#pages) if (other.layer) unmark(other.layer, "quote");
    const { how, spans } = look(text, quote, nth);
    const marks = spans.length ? mark(readText(page.layer), spans, "quote").flat() : [];
    if (marks.length) this.#centre(marks);
    await page.draw(this.#scale);
    this.#drawAll();
    return quote && !text.trim() ? "picture" : how;
  }

  /** Show the `nth` place of some words on a page, and mark all of them. @param {{page: number, query: string, nth: number}} hit */
  async showHit({ page: number, query, nth }) {
    const page = this.#pages[number - 1];
    this.#query = query;
    this.#asked += 1;
    const asked = this.#asked;
    await page.size();
    await page.read();
    if (asked !== this.#asked) return;
    for (const other of this.#pages) if (other.layer && other !== page) this.#markWords(other);
    const places = this.#markWords(page, { anew: true });
    const marks = places[Math.min(nth, places.length - 1)] ?? [];
    for (const old of this.#root.querySelectorAll("mark.current")) old.classList.remove("current");
    for (const one of marks) one.classList.add("current");
    if (marks.length) this.#centre(marks);
    else this.#scrollTo(page.element, EDGE_PX);
  }

  /** Take the marks of `showHit` away. */
  forgetHits() {
    this.#query = "";
    for (const page of this.#pages) if (page.layer) this.#markWords(page);
  }

  /** @param {number} step pages forward */
  turn(step) {
    const page = this.#pages[Math.min(Math.max(this.#current + step, 1), this.#pages.length) - 1];
    this.#scrollTo(page.element, EDGE_PX);
    this.#arrive(page.number);
  }

  /** @param {number} steps closer; 0 fits the width again */
  zoom(steps) {
    const scale = Math.min(Math.max(this.#scale * CLOSER ** steps, SMALLEST), LARGEST);
    this.#zoom = steps ? this.#zoom * (scale / this.#scale) : 1;
    this.#rescale();
  }

  #watch() {
    const near = new IntersectionObserver((entries) => this.#onNear(entries), { root: this.#stage, rootMargin: "60% 0px" });
    for (const page of this.#pages) near.observe(page.element);
    const resized = new ResizeObserver(() => this.#rescale());
    resized.observe(this.#stage);
    this.#watchers = [near, resized];
    this.#stage.addEventListener("scroll", this.#onScroll, { passive: true });
  }

  #onNear(entries) {
    for (const { target, isIntersecting } of entries) {
      const page = this.#pages[target.dataset.number - 1];
      if (isIntersecting) this.#near.add(page);
      else if (this.#near.delete(page)) page.cancel();
    }
    this.#drawAll();
  }

  #onScroll = () => {
    this.#arrive(this.#pageAt(this.#stage.getBoundingClientRect().top + this.#stage.clientHeight / 2));
  };

  #arrive(number) {
    if (number === this.#current) return;
    this.#current = number;
    this.onPage(number);
  }

  /** The number of the page that ends below a line of the window. */
  #pageAt(line) {
    let [low, high] = [0, this.#pages.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#pages[middle].element.getBoundingClientRect().bottom < line) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  }

  /** Until a page is known it is as large as the one that was opened. */
  #guess(size) {
    for (const page of this.#pages) if (!page.element.style.getPropertyValue("--wide")) page.resize(size);
  }

  #fitTo({ width }) {
    this.#scale = Math.min(Math.max(this.#fitting(width) * this.#zoom, SMALLEST), LARGEST);
    this.#root.style.setProperty("--total-scale-factor", this.#scale);
  }

  /** The scale at which a page, or its text where there is little room, is as wide as the stage. */
  #fitting(pageWide) {
    const room = this.#stage.clientWidth - 2 * EDGE_PX;
    const whole = room / pageWide;
    if (this.#stage.clientWidth >= NARROW_PX || !this.#textWide) return whole;
    const [left, right] = this.#textWide;
    return Math.min(Math.max(whole, this.#stage.clientWidth / (right - left + 2 * MARGIN_POINTS)), whole * 1.6);
  }

  /** Another width or another zoom: what stands in the middle stays there, and is drawn sharply once it has settled. */
  #rescale() {
    if (!this.#pages.length || this.#isClosed) return;
    const page = this.#pages[this.#current - 1].element;
    const before = this.#scale;
    const [stage, box] = [this.#stage.getBoundingClientRect(), page.getBoundingClientRect()];
    const down = (stage.top + stage.height / 2 - box.top) / before;
    const across = (stage.left + stage.width / 2 - box.left) / before;
    this.#fitTo({ width: Number(page.style.getPropertyValue("--wide")) });
    if (this.#scale === before) return;
    const now = page.getBoundingClientRect();
    this.#stage.scrollBy(
      now.left - stage.left - stage.width / 2 + across * this.#scale,
      now.top - stage.top - stage.height / 2 + down * this.#scale,
    );
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#drawAll(), SETTLED_MS);
  }

  /** Draw what is near, the nearest first, one after the other; give back what is far. */
  async #drawAll() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    for (let page = this.#next(); page && !this.#isClosed; page = this.#next()) {
      try {
        await page.draw(this.#scale);
        await page.read();
        if (page.layer) this.#markWords(page);
      } catch (error) {
        if (!this.#isClosed) page.fail(words("page_undrawable"));
        console.warn(error);
      }
    }
    this.#isDrawing = false;
    this.#freeFar();
  }

  #next() {
    const waiting = [...this.#near].filter((page) => !page.hasFailed && page.drawnAt !== this.#scale);
    return waiting.sort((a, b) => this.#farness(a) - this.#farness(b))[0];
  }

  #farness(page) {
    return Math.abs(page.number - this.#current);
  }

  #freeFar() {
    const drawn = this.#pages.filter((page) => page.drawnAt && !this.#near.has(page));
    const far = drawn.sort((a, b) => this.#farness(b) - this.#farness(a));
    for (const page of far.slice(0, Math.max(0, far.length - KEPT))) page.free();
  }

  /** Mark the words that are looked for on a page that has been read, unless they are; all their places, in order. */
  #markWords({ layer }, { anew = false } = {}) {
    if (!anew && (layer.dataset.query ?? "") === this.#query) return [];
    unmark(layer, "hit");
    layer.dataset.query = this.#query;
    const reading = readText(layer);
    return this.#query ? mark(reading, findWords(reading.text, this.#query), "hit") : [];
  }

  #scrollTo(element, above) {
    const [stage, box] = [this.#stage.getBoundingClientRect(), element.getBoundingClientRect()];
    const across = this.#textWide ? ((this.#textWide[0] + this.#textWide[1]) / 2) * this.#scale : box.width / 2;
    this.#stage.scrollTo(
      this.#stage.scrollLeft + box.left - stage.left + across - stage.width / 2,
      this.#stage.scrollTop + box.top - stage.top - above,
    );
  }

  /** Scroll the marks into the middle of the stage, or to its top where they are taller. @param {HTMLElement[]} marks */
  #centre(marks) {
    const boxes = marks.map((one) => one.getBoundingClientRect());
    const top = Math.min(...boxes.map((box) => box.top));
    const bottom = Math.max(...boxes.map((box) => box.bottom));
    const stage = this.#stage.getBoundingClientRect();
    const space = Math.max(EDGE_PX, (stage.height - (bottom - top)) / 2);
    this.#stage.scrollTop += top - stage.top - space;
    const left = Math.min(...boxes.map((box) => box.left));
    const right = Math.max(...boxes.map((box) => box.right));
    if (left < stage.left || right > stage.right) this.#stage.scrollLeft += (left + right) / 2 - stage.left - stage.width / 2;
  }
}

/** From where to where the text of a page goes, in points; null where it has none. */
function textExtent(layer, pageWide) {
  const page = layer.getBoundingClientRect();
  const boxes = [...layer.querySelectorAll("span")].map((span) => span.getBoundingClientRect()).filter((box) => box.width > 0);
  if (!boxes.length || !page.width) return null;
  const points = (x) => ((x - page.left) / page.width) * pageWide;
  const left = Math.max(0, points(Math.min(...boxes.map((box) => box.left))));
  const right = Math.min(pageWide, points(Math.max(...boxes.map((box) => box.right))));
  return left < right ? [left, right] : null;
}
