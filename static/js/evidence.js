import { citationUrl } from "./addresses.js";
import { EvidenceSize } from "./evidence-size.js";
import { fetchPart } from "./request.js";
import { words } from "./words.js";

const WIDE = matchMedia("(width > 62rem)");
const STEPS = { n: 1, p: -1, F3: 1 };

/** The panel beside the talk: the page that a marker points at with the words marked, and the sources of that answer. */
export class Evidence {
  #panel = document.querySelector("#evidence");
  #page = document.querySelector("#evidence-page");
  #sources = document.querySelector("#evidence-sources");
  #answer = null;
  #n = "";
  #viewer = null;
  #wasClosed = false;
  #returnTo = null;
  #opened = 0;

  /** @param {HTMLElement} turns @param {() => string} conversation says which one is on the page */
  start(turns, conversation) {
    this.conversation = conversation;
    turns.addEventListener("click", ({ target }) => {
      const marker = target.closest("button.marker");
      if (marker) this.open(marker.closest("chat-answer"), marker.dataset.n, { from: marker });
    });
    turns.addEventListener("sources", ({ target }) => this.#offer(target));
    this.#panel.addEventListener("click", (event) => this.#onClick(event));
    this.#panel.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("keydown", (event) => {
      const isForAnother = event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]");
      if (event.key === "Escape" && !this.#panel.hidden && !isForAnother) this.close();
    });
    new EvidenceSize(this.#panel, this.#panel.querySelector("[role='separator']"), WIDE).start();
    const last = [...turns.querySelectorAll("chat-answer:has(.source)")].at(-1);
    if (last) this.#offer(last);
  }

  /**
   * Show what marker `n` of an answer stands for. A person who asked for it gets the page itself, and the focus goes there.
   * @param {import("./answer-view.js").AnswerView} answer
   * @param {string} n
   * @param {{from?: HTMLElement | null}} [asked] by a person, from where; it gets the focus back
   */
  async open(answer, n, asked) {
    [this.#answer, this.#n] = [answer, n];
    if (asked?.from) this.#returnTo = asked.from;
    this.#panel.hidden = false;
    this.#list();
    if (asked?.from) this.#page.focus({ preventScroll: true });
    await this.#load({ asPages: asked !== undefined });
  }

  close() {
    this.#panel.hidden = true;
    this.#wasClosed = true;
    this.#viewer?.close();
    this.#viewer = null;
    this.#page.replaceChildren();
    this.#mark();
    if (this.#returnTo?.isConnected) this.#returnTo.focus();
  }

  /** Open by itself with the first source of an answer, where there is room and nobody has closed the panel. */
  #offer(answer) {
    if (answer === this.#answer && !this.#panel.hidden) return this.#list();
    if (WIDE.matches && !this.#wasClosed && !this.#panel.contains(document.activeElement))
      this.open(answer, answer.querySelector(".source").dataset.n);
  }

  #onClick(event) {
    if (event.target.closest("[data-evidence-close]")) return this.close();
    const step = event.target.closest("[data-step]");
    const source = event.target.closest(".source");
    if (step) return this.#step(Number(step.dataset.step));
    if (!source || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.open(this.#answer, source.dataset.n, {});
  }

  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea") || !(event.key in STEPS)) return;
    event.preventDefault();
    this.#step(event.key === "F3" && event.shiftKey ? -1 : STEPS[event.key]);
  }

  /** The next or the previous source of the answer, whatever document it stands in. @param {number} step */
  #step(step) {
    const numbers = [...this.#sources.children].map((source) => source.dataset.n);
    const next = numbers[numbers.indexOf(this.#n) + step];
    if (next) this.open(this.#answer, next, {});
  }

  #list() {
    this.#sources.replaceChildren(...[...this.#answer.querySelectorAll(".source")].map((item) => item.cloneNode(true)));
    this.#mark();
  }

  /** Show which marker is open, in the answer and in the list. */
  #mark() {
    for (const marker of document.querySelectorAll(".marker.open")) marker.classList.remove("open");
    if (this.#panel.hidden) return;
    const items = [...this.#sources.children];
    const at = items.findIndex((source) => source.dataset.n === this.#n);
    items[at]?.querySelector("a").setAttribute("aria-current", "true");
    items[at]?.querySelector(".marker").classList.add("open");
    items[at]?.scrollIntoView({ block: "nearest" });
    for (const marker of this.#answer.querySelectorAll(`button.marker[data-n="${this.#n}"]`)) marker.classList.add("open");
    document.querySelector("#evidence-place").textContent = words("source_of", { place: at + 1, sources: items.length });
    for (const button of this.#panel.querySelectorAll("[data-step]"))
      button.ariaDisabled = String(!items[at + Number(button.dataset.step)]);
  }

  async #load(how) {
    const opened = ++this.#opened;
    const address = citationUrl(this.conversation(), this.#answer.dataset.message, this.#n);
    const [html, module] = await Promise.all([fetchPart(address), import("./viewer.js")]).catch(() => []);
    if (opened !== this.#opened || this.#panel.hidden) return; // another one was opened meanwhile, or none
    if (!html) return this.#say(words("source_unreachable"));
    const part = document.createElement("template");
    part.innerHTML = html;
    await this.#show(part.content, module.Viewer, how);
  }

  /** @param {DocumentFragment} part what the server says of the citation @param {typeof import("./viewer.js").Viewer} Viewer */
  async #show(part, Viewer, how) {
    const fresh = part.querySelector(".viewer");
    const focused = this.#page.contains(document.activeElement) && document.activeElement;
    const isOpen = fresh && this.#viewer?.canShow(fresh);
    if (isOpen) {
      this.#page.querySelector(".evidence-head").replaceWith(part.querySelector(".evidence-head"));
    } else {
      this.#viewer?.close();
      this.#page.replaceChildren(part);
      this.#viewer = fresh ? new Viewer(fresh) : null;
    }
    if (focused && (focused === this.#page || !focused.isConnected)) (this.#viewer ?? this.#page).focus();
    if (!fresh) return;
    await this.#viewer.show(Viewer.placeOf(fresh), { asPages: how.asPages || isOpen });
  }

  #say(sentence) {
    const line = document.createElement("p");
    line.className = "evidence-wait";
    line.textContent = sentence;
    this.#viewer?.close();
    this.#viewer = null;
    this.#page.replaceChildren(line);
  }
}
