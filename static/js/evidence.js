import { citationUrl, pageUrl } from "./addresses.js";
import { clone } from "./clone.js";
import { fetchPart } from "./request.js";
import { words } from "./words.js";

const WIDE = matchMedia("(width > 62rem)");

/** The panel beside the talk: the page that a marker points at with the words marked, and the sources of that answer. */
export class Evidence {
  #panel = document.querySelector("#evidence");
  #page = document.querySelector("#evidence-page");
  #sources = document.querySelector("#evidence-sources");
  #answer = null;
  #n = "";
  #wasClosed = false;
  #returnTo = null;

  /** @param {HTMLElement} turns @param {() => string} conversation says which one is on the page */
  start(turns, conversation) {
    this.conversation = conversation;
    turns.addEventListener("click", ({ target }) => {
      const marker = target.closest("button.marker");
      if (marker) this.open(marker.closest("chat-answer"), marker.dataset.n, marker);
    });
    turns.addEventListener("sources", ({ target }) => this.#offer(target));
    turns.addEventListener("ended", ({ target }) => {
      if (target === this.#answer && !this.#panel.hidden) this.#load(); // now its citations are stored
    });
    this.#panel.addEventListener("click", (event) => this.#onClick(event));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.#panel.hidden && !event.isComposing) this.close();
    });
    const last = [...turns.querySelectorAll("chat-answer:has(.source)")].at(-1);
    if (last) this.#offer(last);
  }

  /** @param {import("./answer-view.js").AnswerView} answer @param {string} n @param {HTMLElement} [from] gets the focus back */
  async open(answer, n, from) {
    [this.#answer, this.#n, this.#returnTo] = [answer, n, from ?? null];
    this.#panel.hidden = false;
    this.#list();
    await this.#load();
  }

  close() {
    this.#panel.hidden = true;
    this.#wasClosed = true;
    this.#mark();
    this.#returnTo?.focus();
  }

  /** Open by itself with the first source of an answer, where there is room and nobody has closed the panel. */
  #offer(answer) {
    if (answer === this.#answer && !this.#panel.hidden) return this.#list();
    if (WIDE.matches && !this.#wasClosed) this.open(answer, answer.querySelector(".source").dataset.n);
  }

  #onClick(event) {
    if (event.target.closest("[data-evidence-close]")) return this.close();
    const step = event.target.closest("a[data-page]");
    const source = event.target.closest(".source");
    if (!step && !source) return;
    event.preventDefault();
    if (step) this.#turn(step.dataset.page);
    else this.open(this.#answer, source.dataset.n, this.#returnTo);
  }

  #list() {
    this.#sources.replaceChildren(...[...this.#answer.querySelectorAll(".source")].map((item) => item.cloneNode(true)));
    this.#mark();
  }

  /** Show which marker is open, in the answer and in the list. */
  #mark() {
    for (const marker of document.querySelectorAll(".marker.open")) marker.classList.remove("open");
    if (this.#panel.hidden) return;
    const item = this.#sources.querySelector(`[data-n="${this.#n}"]`);
    item?.querySelector("a").setAttribute("aria-current", "true");
    item?.querySelector(".marker").classList.add("open");
    for (const marker of this.#answer.querySelectorAll(`button.marker[data-n="${this.#n}"]`)) marker.classList.add("open");
  }

  async #load() {
    const [answer, n, isWhole] = [this.#answer, this.#n, !this.#answer.isOpen];
    const html = await fetchPart(isWhole ? this.#citationAddress() : this.#pageAddress()).catch(() => null);
    if (answer !== this.#answer || n !== this.#n) return; // another one was opened meanwhile
    if (html === null) return this.#say(words("source_unreachable"));
    this.#page.innerHTML = html;
    if (!isWhole) this.#page.prepend(this.#head());
    this.#showMark();
  }

  #citationAddress() {
    return citationUrl(this.conversation(), this.#answer.dataset.message, this.#n);
  }

  /** Citations are stored with their answer's end: until then the page itself is asked for. */
  #pageAddress() {
    const { document: id, pageNumber: page } = this.#source().dataset;
    return pageUrl(id, { page, quote: this.#source().querySelector(".source-quote").textContent });
  }

  #head() {
    const head = clone("evidence-template");
    head.querySelector(".evidence-title").textContent = this.#source().querySelector(".source-title").textContent;
    return head;
  }

  #source() {
    return this.#answer.querySelector(`.source[data-n="${this.#n}"]`);
  }

  #showMark() {
    const mark = this.#page.querySelector("mark");
    const paper = mark?.closest(".paper");
    if (paper) paper.scrollTop = mark.offsetTop - paper.offsetTop - paper.clientHeight / 3;
  }

  #say(sentence) {
    const line = document.createElement("p");
    line.className = "evidence-wait";
    line.textContent = sentence;
    this.#page.replaceChildren(line);
  }

  /** Another page of the same document. @param {string} url */
  async #turn(url) {
    const html = await fetchPart(url).catch((error) => this.#say(error.message));
    const page = this.#page.querySelector(".page-view");
    if (html && page) page.outerHTML = html;
  }
}
