import { conversationUrl, messagesUrl } from "./addresses.js";
import { clientKey } from "./client-key.js";
import { clone } from "./clone.js";
import { fetchPart } from "./request.js";
import { swap } from "./swap.js";
import { showTitle } from "./talks.js";
import { toast } from "./toast.js";
import { Transcript } from "./transcript.js";

const FRAMES = new Set(["joined", "asked", "queued", "started", "delta", "snapshot", "ended", "title", "removed", "error"]);

/** The conversation on the page: turns what the socket says into questions and answers. */
export class Conversation {
  #page = document.querySelector("#chat");
  #turns = document.querySelector("#turns");
  #unsent = new Map(); // by key: asked, and not yet known to be stored
  #transcripts = new Map(); // by run

  /** @param {{socket: import("./socket.js").Socket, onPutBack: (text: string) => void, onAsked: () => void, onRemoved: () => void}} options */
  constructor({ socket, onPutBack, onAsked, onRemoved }) {
    this.socket = socket;
    this.onPutBack = onPutBack;
    this.onAsked = onAsked;
    this.onRemoved = onRemoved;
  }

  start() {
    this.#turns.addEventListener("stop", ({ target }) => this.socket.send({ type: "stop", run: target.dataset.run }));
    this.#turns.addEventListener("again", ({ target }) => this.ask(questionOf(target)));
  }

  get id() {
    return this.#page.dataset.conversation;
  }

  /** Show the question at once; it is stored once the server says so, however often it has to be sent. @param {string} text */
  ask(text) {
    const key = clientKey();
    const item = clone("question-template");
    item.querySelector(".question-text").textContent = text;
    item.dataset.key = key;
    this.#append(item);
    this.#unsent.set(key, text);
    this.#sendUnsent();
    this.onAsked();
  }

  /** The connection stands (again): follow, and send what was not taken. */
  resume() {
    if (this.id) this.socket.send({ type: "join", conversation: this.id });
    this.#sendUnsent();
  }

  /** @param {{type: string}} frame */
  receive(frame) {
    if (FRAMES.has(frame.type)) this[frame.type](frame);
  }

  async joined({ conversation, last, runs }) {
    if (conversation !== this.id) return;
    const stale = this.#openAnswers().filter((answer) => !runs.includes(answer.dataset.run));
    const known = stale.length ? sequenceOf(stale[0]) - 1 : this.#lastSequence();
    if (known < last) await Promise.all([this.#loadAfter(known), this.#loadContext()]);
    for (const answer of this.#openAnswers()) this.#follow(answer).resume();
  }

  asked({ conversation, key, run, question, answer }) {
    this.#unsent.delete(key);
    if (!this.id) this.#begin(conversation);
    this.#sendUnsent();
    if (conversation !== this.id || document.getElementById(`message-${answer.id}`)) return;
    const asked = this.#turns.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? this.#append(clone("question-template"));
    asked.querySelector(".question-text").textContent = question.text;
    name(asked, question);
    const item = clone("answer-template");
    name(item, answer);
    Object.assign(item.querySelector("chat-answer").dataset, { run, message: answer.id });
    asked.after(item);
  }

  queued(frame) {
    this.#answer(frame.run)?.wait(frame);
  }

  started(frame) {
    const answer = this.#answer(frame.run);
    if (!answer) return;
    if (answer.isOpen) answer.begin(frame);
    this.#follow(answer).started(frame);
  }

  delta(frame) {
    const answer = this.#answer(frame.run);
    if (answer?.isOpen) this.#follow(answer).delta(frame);
  }

  snapshot(frame) {
    const answer = this.#answer(frame.run);
    if (answer?.isOpen) this.#follow(answer).snapshot(frame);
  }

  ended(frame) {
    this.#answer(frame.run)?.end(frame);
    this.#transcripts.delete(frame.run);
  }

  title({ conversation, title }) {
    showTitle(conversation, title);
  }

  removed({ conversation }) {
    document.getElementById(`talk-${conversation}`)?.remove();
    if (conversation !== this.id) return;
    this.#page.replaceChildren(clone("removed-template"));
    document.querySelector("#composer").hidden = true;
    this.onRemoved();
  }

  error({ message, key }) {
    toast(message, { kind: "error" });
    if (!this.#unsent.has(key)) return;
    this.onPutBack(this.#unsent.get(key));
    this.#unsent.delete(key);
    this.#turns.querySelector(`[data-key="${CSS.escape(key)}"]`)?.remove();
  }

  /** The key makes a question that is sent twice the same one. The first of a conversation goes alone: it makes the conversation. */
  #sendUnsent() {
    for (const [key, text] of this.#unsent) {
      this.socket.send({ type: "ask", workspace: this.#page.dataset.workspace, conversation: this.id || null, text, key });
      if (!this.id) return;
    }
  }

  /** The first question made the conversation. */
  #begin(id) {
    this.#page.dataset.conversation = id;
    history.replaceState(null, "", conversationUrl(id));
    swap(conversationUrl(id), "talks", "title").catch((error) => toast(error.message, { kind: "error" }));
  }

  async #loadAfter(sequence) {
    const html = await fetchPart(messagesUrl(this.id, sequence)).catch((error) => toast(error.message, { kind: "error" }));
    const fresh = document.createElement("template");
    fresh.innerHTML = html ?? "";
    for (const item of [...fresh.content.children]) {
      const shown = document.getElementById(item.id);
      if (shown) shown.replaceWith(item);
      else this.#append(item);
    }
  }

  /** How full the model's context is by the newest answer, which ended while nobody told us. */
  #loadContext() {
    return swap(conversationUrl(this.id), "context").catch((error) => toast(error.message, { kind: "error" }));
  }

  #append(item) {
    document.querySelector("#welcome")?.remove();
    this.#turns.append(item);
    return item;
  }

  /** The order of the frames of an answer that is being written. @param {import("./answer-view.js").AnswerView} answer */
  #follow(answer) {
    const { run } = answer.dataset;
    if (!this.#transcripts.has(run)) {
      this.#transcripts.set(
        run,
        new Transcript({
          reset: (frame) => this.#answer(run)?.reset(frame),
          append: (frame) => this.#answer(run)?.append(frame),
          resume: () => this.socket.send({ type: "snapshot", run }),
        }),
      );
    }
    return this.#transcripts.get(run);
  }

  #answer(run) {
    return this.#turns.querySelector(`chat-answer[data-run="${CSS.escape(run)}"]`);
  }

  #openAnswers() {
    return [...this.#turns.querySelectorAll("chat-answer")].filter((answer) => answer.isOpen);
  }

  #lastSequence() {
    return Math.max(0, ...[...this.#turns.querySelectorAll("[data-sequence]")].map(sequenceOf));
  }
}

/** @param {HTMLElement} item @param {{id: string, sequence: number}} message */
function name(item, message) {
  item.id = `message-${message.id}`;
  item.dataset.sequence = message.sequence;
}

/** @param {HTMLElement} part */
function sequenceOf(part) {
  return Number(part.closest("[data-sequence]").dataset.sequence);
}

/** The question that an answer answers. @param {HTMLElement} answer */
function questionOf(answer) {
  return answer.closest(".turn").previousElementSibling.querySelector(".question-text").textContent;
}
