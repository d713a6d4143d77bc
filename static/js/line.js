import { send } from "./request.js";
import { toast } from "./toast.js";
import { words } from "./words.js";

const RATE_OVER_MS = 30000;
const RATE_AFTER_MS = 3000;
const SAID_EVERY_MS = 10000;
const UNSURE = 6; // files: as many as are sent at once, or were in the last quarter of a second
const NOTHING = { since: 0, elapsed_s: 0, queued: 0, reading: 0, ready: 0, failed: 0, stopped: 0 };

/** One line for all files: those of the workspace that the server reads, and those that this tab has still to send. */
export class Line {
  #root = document.querySelector("#uploads");
  #line = document.querySelector("#line");
  #frame = NOTHING;
  #here = { left: 0, failed: 0, stopped: 0, rate: 0, isPaused: false, items: 0, notes: [] };
  #total = 0;
  #samples = [];
  #drawing = 0;
  #saidAt = 0;
  #said = "";

  /** @param {{onStopSending: () => void, onRetry: () => void, onDismiss: () => void}} listener */
  constructor(listener) {
    this.listener = listener;
  }

  start() {
    this.#line.addEventListener("click", ({ target }) => {
      const act = target.closest("[data-line]")?.dataset.line;
      if (act === "stop-sending") this.listener.onStopSending();
      if (act === "stop-reading") this.#act("stop");
      if (act === "read-on") this.#act("read_on");
      if (act === "retry") this.#retry();
      if (act === "dismiss") this.#dismiss();
    });
  }

  /** How far the workspace's files are. @param {typeof NOTHING} frame */
  follow(frame) {
    if (frame.since !== this.#frame.since) this.#samples = [[performance.now() - frame.elapsed_s * 1000, 0]];
    this.#frame = frame;
    this.#samples.push([performance.now(), done(frame)]);
    const old = performance.now() - RATE_OVER_MS;
    while (this.#samples.length > 2 && this.#samples[1][0] < old) this.#samples.shift();
    this.draw();
  }

  /** What this tab has to say about its own files. @param {object} here */
  tell(here) {
    Object.assign(this.#here, here);
    this.draw();
  }

  /** Show all of it, once a picture however much is told. */
  draw() {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#draw();
    });
  }

  #draw() {
    const { left, failed, stopped, items, notes, isPaused } = this.#here;
    const isMoving = left > 0 || unfinished(this.#frame) > 0;
    const total = this.#totalOf(isMoving);
    const all = { read: this.#frame.ready, total, failed: this.#frame.failed + failed, stopped: this.#frame.stopped + stopped };
    const isWorthALine = total > 1 && (isMoving || ((items > 0 || all.failed + all.stopped > 0) && !this.#isDismissed));
    this.#line.hidden = !isWorthALine;
    const note = isPaused ? words("line_paused") : notes.join(" ");
    show("#line-note", note);
    this.#root.hidden = !isWorthALine && items === 0 && !note;
    if (!isWorthALine) return;
    const sentence = this.#sentence(all, isMoving);
    document.querySelector("#line-words").replaceChildren(...sentence);
    document.querySelector("#line-progress").value = total ? done(this.#frame) / total : 0;
    this.#offer({
      "stop-sending": left,
      "stop-reading": !left && unfinished(this.#frame),
      "read-on": !isMoving && this.#frame.stopped,
      retry: all.failed || stopped,
    });
    this.#say(sentence.map((part) => part.textContent).join(""), isMoving);
  }

  /** A file on its way is counted here, there, twice or not at all for a moment: the number stays until it is off by more than that. */
  #totalOf(isMoving) {
    const { left, failed, stopped } = this.#here;
    const total = done(this.#frame) + unfinished(this.#frame) + left + failed + stopped;
    if (!isMoving || Math.abs(total - this.#total) > UNSURE) this.#total = total;
    return this.#total;
  }

  #sentence({ read, total, failed, stopped }, isMoving) {
    const parts = [part("line-read", words("line_read", { read, total }))];
    if (failed) parts.push(part("line-failed", `, ${words("line_failed", { number: failed })}`));
    if (stopped) parts.push(part("line-more", `, ${words("line_stopped", { number: stopped })}`));
    const { left, rate, isPaused } = this.#here;
    if (left && rate >= 0.5 && !isPaused) parts.push(part("line-more", `, ${words("line_rate", { rate: Math.round(rate) })}`));
    const time = isMoving && !isPaused && this.#timeLeft(total);
    if (time) parts.push(part("line-more", ` · ${time}`));
    return parts;
  }

  /** By how fast files became ready in the last half minute. */
  #timeLeft(total) {
    const [[from, before]] = this.#samples.length ? this.#samples : [[0, 0]];
    const [at, now] = this.#samples.at(-1) ?? [0, 0];
    if (now === before || at - from < RATE_AFTER_MS) return "";
    const minutes = ((total - now) * (at - from)) / (now - before) / 60000;
    return minutes < 0.9 ? words("line_seconds") : words("line_minutes", { number: Math.ceil(minutes) });
  }

  #offer(acts) {
    for (const button of this.#line.querySelectorAll("button[data-line]")) {
      if (button.dataset.line in acts) button.hidden = !acts[button.dataset.line];
    }
    this.#line.querySelector("[data-line='dismiss']").hidden = Boolean(acts["stop-sending"] || acts["stop-reading"]);
  }

  /** To a screen reader now and then, and at the end: not each of four a second. */
  #say(sentence, isMoving) {
    if (sentence === this.#said || (isMoving && performance.now() - this.#saidAt < SAID_EVERY_MS)) return;
    [this.#said, this.#saidAt] = [sentence, performance.now()];
    document.querySelector("#line-said").textContent = sentence;
  }

  async #act(act) {
    await send(this.#root.dataset.actsUrl, { fields: { act } }).catch((error) => toast(error.message, { kind: "error" }));
  }

  #retry() {
    this.listener.onRetry();
    if (this.#frame.failed) this.#act("retry");
  }

  get #isDismissed() {
    return Number(sessionStorage.getItem("gemmaweb.line")) >= this.#frame.since;
  }

  #dismiss() {
    sessionStorage.setItem("gemmaweb.line", this.#frame.since);
    this.listener.onDismiss();
    this.draw();
  }
}

/** @param {typeof NOTHING} frame */
function done({ ready, failed, stopped }) {
  return ready + failed + stopped;
}

/** @param {typeof NOTHING} frame */
function unfinished({ queued, reading }) {
  return queued + reading;
}

function part(name, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}

function show(selector, text) {
  const element = document.querySelector(selector);
  element.hidden = !text;
  if (element.textContent !== text) element.textContent = text;
}
