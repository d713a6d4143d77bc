import { documentUrl } from "./addresses.js";
import { clone } from "./clone.js";
import { documentShare, documentState } from "./document-state.js";
import { Line } from "./line.js";
import { send } from "./request.js";
import { Sender } from "./sender.js";
import { words } from "./words.js";

const LISTED_MAX = 1000;
const LISTED_AT_ONCE = 50; // in one picture: a thousand lines in one go would hold the page up
const TELL_MS = 100;
const MEBIBYTE = 2 ** 20;
const WORTH_ANOTHER_TRY = new Set(["timed_out", "out_of_memory", "crashed", "stopped"]); // nothing is wrong with such a file
const UNSENT = new Set(["waiting", "sending"]);

/**
 * The files that were dropped or picked here: sent, then followed until they are ready or have failed. Each has a line of its own.
 * An upload is {file, path, status, tries, id, item, again}: `item` is its line (null where there are too many), `again` what another try does.
 */
export class Uploads {
  #list = document.querySelector("#upload-list");
  #all = new Set();
  #byId = new Map();
  #heard = new Map();
  #unlisted = [];
  #hidden = 0;
  #unreadable = 0;
  #telling = 0;

  /** @param {{url: string, maxMb: number}} options */
  constructor({ url, maxMb }) {
    this.url = url;
    this.maxMb = maxMb;
    this.sender = new Sender(url, {
      onProgress: (upload, share) => this.#progress(upload, share),
      onSent: (upload, { id }) => this.#sent(upload, id),
      onLater: (upload) => this.#say(upload, "waiting", words("file_later")),
      onFailed: (upload, error) => this.#refused(upload, error),
    });
    this.line = new Line({
      onStopSending: () => this.#stop(),
      onRetry: () => this.#retryAll(),
      onDismiss: () => this.#dismissSettled(),
    });
  }

  start() {
    this.line.start();
    this.#list.addEventListener("click", ({ target }) => {
      const upload = [...this.#all].find(({ item }) => item?.contains(target));
      if (target.closest("[data-act='dismiss']")) this.#drop(upload);
      if (target.closest("[data-act='retry']")) upload.again();
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.sender.left) event.preventDefault(); // what has arrived goes on without this page; what has not is lost with it
    });
  }

  /** @param {{files: {file: File, path: string}[], hidden: number, unreadable: number}} found */
  add({ files, hidden = 0, unreadable = 0 }) {
    this.#hidden += hidden;
    this.#unreadable += unreadable;
    const uploads = files.map(({ file, path }) => ({ file, path, status: "waiting", tries: 0, id: "", item: null, again: null }));
    for (const upload of uploads) {
      this.#all.add(upload);
      this.#unlisted.push(upload);
      if (upload.file.size > this.maxMb * MEBIBYTE) this.#tooLarge(upload);
      else this.#say(upload, "waiting", words("file_waiting"));
    }
    this.#listSome();
    this.sender.add(uploads.filter(({ status }) => status === "waiting"));
    this.#tell();
  }

  /** A file's state changed, maybe one of ours. @param {object} frame */
  follow(frame) {
    const upload = this.#byId.get(frame.document);
    if (upload && frame.removed) this.#drop(upload);
    else if (upload) this.#show(upload, frame);
    else if (this.sender.left) this.#heard.set(frame.document, frame); // news may come before the answer that says whose they are
  }

  /** Those that are on the shelf need not be looked at any more. */
  clearSettled() {
    for (const upload of this.#all) if (upload.status === "ready" || upload.status === "known") this.#drop(upload);
  }

  #listSome() {
    const room = LISTED_MAX - this.#list.childElementCount;
    const next = this.#unlisted.splice(0, Math.min(LISTED_AT_ONCE, room)).filter((upload) => this.#all.has(upload));
    this.#list.append(...next.map((upload) => this.#itemOf(upload)));
    const more = document.querySelector("#upload-more");
    more.hidden = !this.#unlisted.length;
    more.textContent = words("files_more", { number: this.#unlisted.length });
    if (this.#unlisted.length && this.#list.childElementCount < LISTED_MAX) requestAnimationFrame(() => this.#listSome());
  }

  #itemOf(upload) {
    upload.item = clone("upload-template");
    const name = upload.item.querySelector(".upload-name");
    name.textContent = upload.file.name;
    name.title = upload.path;
    if (upload.id) this.#link(upload, upload.id);
    this.#paint(upload);
    return upload.item;
  }

  #tooLarge(upload) {
    const size = Math.ceil(upload.file.size / MEBIBYTE);
    this.#say(upload, "failed", words("file_too_large", { size, megabytes: this.maxMb }));
  }

  #progress(upload, share) {
    upload.share = share;
    if (upload.status !== "sending") this.#say(upload, "sending", words("file_sending"));
    else if (upload.item) upload.item.querySelector("progress").value = share;
  }

  #sent(upload, id) {
    upload.id = id;
    this.#byId.set(id, upload);
    this.#link(upload, id);
    this.#show(upload, this.#heard.get(id) ?? { status: "queued", progress: 0, progress_of: 0, reason: "", warnings: [] });
    this.#heard.delete(id);
  }

  /** A file that is there already is no failure; where an answer was lost on the way, it is our own. */
  #refused(upload, error) {
    const known = error.details?.document;
    if (known && upload.tries > 0 && known.name === upload.file.name) return this.#sent(upload, known.id);
    if (known) this.#link(upload, known.id);
    this.#say(upload, known ? "known" : "failed", error.message, isPassing(error) && (() => this.#sendAgain([upload])));
  }

  #stop() {
    for (const upload of this.sender.stop()) this.#say(upload, "stopped", words("file_not_sent"), () => this.#sendAgain([upload]));
    this.#tell();
  }

  #sendAgain(uploads) {
    for (const upload of uploads) {
      upload.tries = 0;
      this.#say(upload, "waiting", words("file_waiting"));
    }
    this.sender.add(uploads);
    this.#tell();
  }

  /** Those that did not arrive; the server's own are tried again by the server. */
  #retryAll() {
    this.#sendAgain([...this.#all].filter(({ id, again, status }) => !id && again && (status === "failed" || status === "stopped")));
  }

  #dismissSettled() {
    for (const upload of this.#all) if (!isMoving(upload)) this.#drop(upload);
    this.#hidden = this.#unreadable = 0;
    this.#tell();
  }

  async #readAgain(upload) {
    this.#say(upload, "queued", words("file_queued"));
    await send(`${this.url}/${upload.id}/retry`).catch((error) => {
      this.#say(upload, "failed", error.message, isPassing(error) && (() => this.#readAgain(upload)));
    });
  }

  #show(upload, frame) {
    const again = frame.status === "failed" && WORTH_ANOTHER_TRY.has(frame.reason_code);
    upload.share = documentShare(frame) ?? 1;
    this.#say(upload, frame.status, documentState(frame), again && (() => this.#readAgain(upload)));
  }

  /** Say where the file is; `again` is what another try does, where one may help. */
  #say(upload, status, sentence, again = false) {
    Object.assign(upload, { status, sentence, again });
    if (upload.item) this.#paint(upload);
    this.#tell();
  }

  #paint({ item, status, sentence, again, share = 0 }) {
    item.dataset.status = status;
    item.querySelector(".upload-state").textContent = sentence;
    item.querySelector("progress").value = share;
    item.querySelector("[data-act='retry']").hidden = !again;
    item.querySelector("[data-act='dismiss']").hidden = UNSENT.has(status);
    const link = item.querySelector(".upload-link");
    link.hidden = status === "failed" || !link.href;
  }

  #link({ item }, id) {
    if (item) item.querySelector(".upload-link").href = documentUrl(id);
  }

  #drop(upload) {
    this.#all.delete(upload);
    this.#byId.delete(upload.id);
    upload.item?.remove();
    if (this.#unlisted.length) this.#listSome();
    this.#tell();
  }

  #tell() {
    this.#telling ||= setTimeout(() => {
      this.#telling = 0;
      const here = [...this.#all].filter(({ id }) => !id);
      this.line.tell({
        left: this.sender.left,
        failed: here.filter(({ status }) => status === "failed").length,
        stopped: here.filter(({ status }) => status === "stopped").length,
        rate: this.sender.rate,
        isPaused: this.sender.isPaused,
        items: this.#all.size,
        notes: this.#notes,
      });
      this.#scroll();
    }, TELL_MS);
  }

  /** What is on its way stays in sight, unless somebody looks at the list. */
  #scroll() {
    if (this.#list.matches(":hover, :focus-within")) return;
    const first = [...this.#list.children].find(({ dataset }) => dataset.status !== "ready" && dataset.status !== "known");
    if (first) this.#list.scrollTop = first.offsetTop - this.#list.offsetTop;
  }

  get #notes() {
    const notes = [];
    if (this.#hidden) notes.push(words("files_hidden", { number: this.#hidden }));
    if (this.#unreadable) notes.push(words("files_unreadable", { number: this.#unreadable }));
    return notes;
  }
}

function isMoving({ status }) {
  return UNSENT.has(status) || status === "queued" || status === "reading" || status === "indexing";
}

/** Whether what went wrong may be gone in a moment. @param {import("./request.js").RequestError} error */
function isPassing({ status }) {
  return status === 0 || status === 429 || status >= 500;
}
