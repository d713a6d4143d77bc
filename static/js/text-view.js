import { clone } from "./clone.js";
import { mark, readText, unmark } from "./marking.js";
import { findWords, look } from "./matching.js";
import { fetchPart } from "./request.js";

const NUMBER = "99999"; // stands in the address for a page's number
const EDGE_PX = 16; // above a page
const KEPT = 20; // pages below each other

/** The text of a document, page below page, in a stage that scrolls; its neighbours come when they are scrolled to. */
export class TextView {
  #stage;
  #root;
  #url;
  #pages;
  #current;
  #query = "";
  #asked = 0; // what was asked for last wins
  #isLoading = false;

  /** @param {HTMLElement} stage @param {{root: HTMLElement, url: string, pages: number, onPage: (number: number) => void}} options */
  constructor(stage, { root, url, pages, onPage }) {
    this.#stage = stage;
    this.#root = root;
    this.#url = url;
    this.#pages = pages;
    this.onPage = onPage;
    this.#current = this.#first();
    stage.addEventListener("scroll", this.#onScroll, { passive: true });
    root.addEventListener("click", this.#onClick);
    this.#offerMore();
  }

  close() {
    this.#stage.removeEventListener("scroll", this.#onScroll);
  }

  /** Like PdfView.show; rejects where the page does not come. @param {{page: number, quote?: string, nth?: number}} place */
  async show({ page: number, quote = "", nth = 0 }) {
    const page = await this.#open(Math.min(Math.max(number, 1), this.#pages));
    const fromServer = [...page.querySelectorAll("mark:not(.quote, .hit)")];
    if (fromServer.length) return this.#centre(fromServer, "found");
    unmark(this.#root, "quote");
    const reading = readText(page);
    const { how, spans } = look(reading.text, quote, nth);
    return this.#centre(mark(reading, spans, "quote").flat(), how);
  }

  /** @param {{page: number, query: string, nth: number}} hit */
  async showHit({ page: number, query, nth }) {
    this.#query = query;
    this.#asked += 1;
    const asked = this.#asked;
    const page = await this.#open(number);
    if (asked !== this.#asked) return;
    for (const other of this.#root.querySelectorAll(".paper")) this.#markWords(other);
    const places = this.#markWords(page);
    const marks = places[Math.min(nth, places.length - 1)] ?? [];
    for (const one of marks) one.classList.add("current");
    this.#centre(marks, "found");
  }

  forgetHits() {
    this.#query = "";
    unmark(this.#root, "hit");
  }

  /** Take the marks of `show` away, and those that came with the page. */
  forgetQuote() {
    for (const marked of this.#root.querySelectorAll("mark:not(.hit)")) marked.replaceWith(...marked.childNodes);
    this.#root.normalize();
  }

  /** @param {number} step pages forward */
  async turn(step) {
    await this.#open(Math.min(Math.max(this.#current + step, 1), this.#pages));
  }

  #markWords(page) {
    unmark(page, "hit");
    if (!this.#query) return [];
    const reading = readText(page);
    return mark(reading, findWords(reading.text, this.#query), "hit");
  }

  /** The page, at the top of the stage: alone where its neighbours are not there. */
  async #open(number) {
    if (!this.#paper(number)) {
      const fresh = await this.#fetch(number);
      if (this.#paper(number)) return this.#open(number);
      for (const paper of this.#root.querySelectorAll(".paper")) paper.remove();
      this.#root.append(fresh);
    }
    const paper = this.#paper(number);
    this.#stage.scrollTop += paper.getBoundingClientRect().top - this.#stage.getBoundingClientRect().top - EDGE_PX;
    this.#offerMore();
    this.#say(number);
    return paper;
  }

  async #fetch(number) {
    const part = document.createElement("template");
    part.innerHTML = await fetchPart(this.#url.replace(NUMBER, number));
    return part.content.firstElementChild;
  }

  #paper(number) {
    return this.#root.querySelector(`.paper[data-number="${number}"]`);
  }

  #first() {
    return Number(this.#root.querySelector(".paper")?.dataset.number ?? 1);
  }

  #last() {
    return Number([...this.#root.querySelectorAll(".paper")].at(-1)?.dataset.number ?? this.#pages);
  }

  /** A button before the first and after the last page that is there. */
  #offerMore() {
    for (const old of this.#root.querySelectorAll(".more")) old.remove();
    if (this.#first() > 1) this.#root.prepend(clone("more-before-template"));
    if (this.#last() < this.#pages) this.#root.append(clone("more-after-template"));
  }

  #onClick = ({ target }) => {
    const more = target.closest(".more");
    if (more) this.#extend(more.dataset.more === "before");
  };

  #onScroll = () => {
    const middle = this.#stage.getBoundingClientRect().top + this.#stage.clientHeight / 2;
    const papers = [...this.#root.querySelectorAll(".paper")];
    const current = papers.find((paper) => paper.getBoundingClientRect().bottom >= middle) ?? papers.at(-1);
    if (current) this.#say(Number(current.dataset.number));
    const { scrollTop, scrollHeight, clientHeight } = this.#stage;
    if (scrollHeight - scrollTop - clientHeight < clientHeight / 4 && this.#last() < this.#pages) this.#extend(false);
  };

  /** One page more at an end; at the other one those that are too many go. @param {boolean} isBefore */
  async #extend(isBefore) {
    if (this.#isLoading) return;
    this.#isLoading = true;
    const papers = [...this.#root.querySelectorAll(".paper")];
    const fresh = await this.#fetch(isBefore ? this.#first() - 1 : this.#last() + 1).catch(() => null); // the button stays
    this.#isLoading = false;
    if (!fresh || !papers[0]?.isConnected) return;
    const height = this.#stage.scrollHeight;
    if (isBefore) papers[0].before(fresh);
    else papers.at(-1).after(fresh);
    this.#markWords(fresh);
    if (papers.length >= KEPT) (isBefore ? papers.at(-1) : papers[0]).remove();
    this.#offerMore();
    if (isBefore) this.#stage.scrollTop += this.#stage.scrollHeight - height;
  }

  #say(number) {
    if (number === this.#current) return;
    this.#current = number;
    this.onPage(number);
  }

  #centre(marks, how) {
    if (!marks.length) return how;
    const stage = this.#stage.getBoundingClientRect();
    const [top, bottom] = [marks[0].getBoundingClientRect().top, marks.at(-1).getBoundingClientRect().bottom];
    this.#stage.scrollTop += top - stage.top - Math.max(0, (stage.height - (bottom - top)) / 2);
    return how;
  }
}
