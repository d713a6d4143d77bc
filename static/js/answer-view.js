import { documentUrl } from "./addresses.js";
import { clone } from "./clone.js";
import { copyText } from "./copy-text.js";
import { drawFormulas } from "./formulas.js";
import { sourceItem } from "./source-item.js";
import { toast } from "./toast.js";
import { words } from "./words.js";

/**
 * <chat-answer>: one answer, whole or still being written. The open tail is plain text; finished blocks are the server's
 * HTML, and a screen reader hears those. `text` is the answer as the row has it, byte for byte.
 */
export class AnswerView extends HTMLElement {
  #text = "";
  #html = "";
  #tail = new Text(); // only what comes is laid out anew: a whole paragraph a frame takes longer than the frame
  #engine = "";

  connectedCallback() {
    const stored = this.querySelector("script[type='application/json']");
    if (stored) this.#text = JSON.parse(stored.textContent);
    this.#html = this.#part("blocks").innerHTML;
    this.#part("tail").replaceChildren(this.#tail);
    this.#decorate();
    for (const note of this.querySelectorAll("[data-note]")) note.textContent = words(`note_${note.dataset.note}`);
    this.addEventListener("click", this.#onClick);
  }

  get text() {
    return this.#text;
  }

  get status() {
    return this.dataset.status;
  }

  get isOpen() {
    return !["done", "stopped", "failed"].includes(this.status);
  }

  /** @param {{place: number, wait_s: [number, number] | null}} frame */
  wait({ place, wait_s: range }) {
    this.dataset.status = "queued";
    const where = place === 1 ? words("next") : words("waiting", { number: place - 1 });
    this.#state([where, range && waitingTime(range)].filter(Boolean).join(" · "));
  }

  /** @param {{engine: string}} frame */
  begin({ engine }) {
    this.dataset.status = "running";
    this.#name(engine);
    this.#state(this.#text ? "" : words("starting"));
    this.#part("blocks").setAttribute("aria-live", "polite");
  }

  /** Show a frame that follows what is shown. */
  append({ text = "", thinking = "", blocks = [], citations = [], notes = [], tokens_per_s: speed }) {
    this.#text += text;
    this.#tail.appendData(text);
    if (text || thinking) this.#state("");
    for (const { take, html } of blocks) this.#finish(take, html);
    if (thinking) this.#think(this.querySelector(".thinking-text").textContent + thinking);
    this.#cite(citations);
    this.#note(notes);
    this.#speed(speed);
  }

  /** Show a snapshot instead of whatever is shown. */
  reset(frame) {
    if (frame.status === "queued" && !frame.text) return frame.place && this.wait(frame);
    this.begin(frame);
    [this.#text, this.#tail.data] = [frame.text, frame.tail];
    if (frame.text || frame.thinking) this.#state("");
    this.#write(frame.html);
    this.#think(frame.thinking);
    this.#cite(frame.citations);
    this.#note(frame.notes);
  }

  /** Show the last word: what the row says. */
  end(frame) {
    this.#part("blocks").setAttribute("aria-live", frame.html.startsWith(this.#html) ? "polite" : "off"); // what was heard is not said again
    [this.#text, this.#tail.data] = [frame.text, ""];
    this.#write(frame.html);
    this.#name(frame.engine);
    this.dataset.status = frame.status;
    this.#state(frame.status === "stopped" ? words("stopped") : "");
    this.#cite(frame.citations);
    this.#note(frame.notes);
    this.#speed(frame.tokens_per_s);
    this.#near(frame.nearest);
    this.#fail(frame.error);
    this.dispatchEvent(new CustomEvent("ended", { bubbles: true }));
  }

  #onClick = async ({ target }) => {
    const act = target.closest("[data-act]")?.dataset.act;
    if (act === "copy") toast(words((await copyText(this.#text)) ? "copied" : "copy_by_hand"));
    if (act === "copy-code") toast(words((await copyText(codeBeside(target))) ? "copied" : "copy_by_hand"));
    if (act === "stop" || act === "again") this.dispatchEvent(new CustomEvent(act, { bubbles: true }));
  };

  #part(name) {
    return this.querySelector(`.answer-${name}`);
  }

  /** A model has its own name. Without one an answer is a quotation, or a sentence of ours where it has no source. */
  #name(engine) {
    this.#engine = engine;
    const quoted = this.querySelector(".sources").childElementCount > 0;
    const own = quoted ? words("engine_quote") : words("engine_none");
    if (engine) this.#part("engine").textContent = engine === "quote" ? own : engine;
  }

  #state(sentence) {
    const state = this.#part("state");
    if (state.textContent !== sentence) state.textContent = sentence;
    state.hidden = !sentence;
  }

  /** Cut `take` units off the tail's front and show their block. */
  #finish(take, html) {
    this.#tail.deleteData(0, take);
    this.#html += html;
    this.#part("blocks").insertAdjacentHTML("beforeend", html);
    this.#decorate();
  }

  /** Make `html` all that the blocks are, leaving alone those that are there already. */
  #write(html) {
    const blocks = this.#part("blocks");
    if (html.startsWith(this.#html)) blocks.insertAdjacentHTML("beforeend", html.slice(this.#html.length));
    else blocks.innerHTML = html;
    this.#html = html;
    this.#decorate();
  }

  #decorate() {
    for (const code of this.querySelectorAll(".code:not(:has(.code-copy))")) code.append(clone("copy-template"));
    for (const marker of this.querySelectorAll("button.marker")) marker.ariaLabel = words("marker", marker.dataset);
    drawFormulas(this);
  }

  #think(thinking) {
    const box = this.querySelector(".thinking-text");
    if (box.textContent !== thinking) box.textContent = thinking;
    this.querySelector(".thinking").hidden = !thinking;
  }

  #cite(citations) {
    if (!citations.length) return;
    const list = this.querySelector(".sources");
    for (const citation of citations) {
      const item = sourceItem(citation);
      const there = list.querySelector(`[data-n="${citation.n}"]`);
      if (there) there.replaceWith(item);
      else list.append(item);
    }
    const number = list.childElementCount;
    this.#part("count").textContent = words("sources", { number });
    this.#part("count").hidden = false;
    this.#name(this.#engine);
    this.dispatchEvent(new CustomEvent("sources", { bubbles: true }));
  }

  #note(notes) {
    for (const code of notes) {
      if (this.querySelector(`[data-note="${CSS.escape(code)}"]`)) continue;
      const item = document.createElement("li");
      item.dataset.note = code;
      item.textContent = words(`note_${code}`);
      this.#part("notes").append(item);
    }
  }

  #speed(tokensPerS) {
    if (!tokensPerS) return;
    this.#part("speed").textContent = words("speed", { rate: Math.round(tokensPerS) });
    this.#part("speed").hidden = false;
  }

  #near(hits) {
    this.querySelector(".nearest").hidden = !hits?.length;
    this.querySelector(".nearest-list").replaceChildren(...(hits ?? []).map(nearItem));
  }

  #fail(error) {
    this.#part("error").textContent = error?.message ?? "";
    this.#part("error").hidden = !error;
  }
}

/** @param {HTMLElement} button */
function codeBeside(button) {
  return button.closest(".code").querySelector("pre").textContent;
}

/** In seconds, or minutes where that is easier to read. @param {[number, number]} range */
function waitingTime([low, high]) {
  const [unit, size] = high > 120 ? ["minutes", 60] : ["seconds", 1];
  const [from, to] = [Math.floor(low / size), Math.ceil(high / size)];
  return from ? words(`wait_${unit}`, { from, to }) : words(`wait_few_${unit}`, { to });
}

function nearItem({ document: id, title, page, place, quote }) {
  const item = clone("nearest-template");
  item.querySelector("a").href = documentUrl(id, { page, quote });
  item.querySelector(".near-title").textContent = title;
  item.querySelector(".near-place").textContent = place;
  item.querySelector(".near-quote").textContent = quote;
  return item;
}
