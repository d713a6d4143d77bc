import { errorOf, ownHeaders, RequestError } from "./request.js";
import { words } from "./words.js";

const AT_ONCE = 3;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30000;
const STALLED_MS = 60000; // a connection that is lost without a word
const RATE_OVER_MS = 5000;
const OUT_OF_REACH = new Set([0, 429, 502, 503, 504]); // no answer of the server's own: asked again without end
const SERVER_TRIES = 3;

/** Sends files, three at a time and in their order. One that did not arrive is sent again by itself, later each time. */
export class Sender {
  #waiting = new Set();
  #requests = new Map();
  #arrived = [];
  #failures = 0;
  #timer = 0;

  /** @param {string} url @param {{onProgress: Function, onSent: Function, onLater: Function, onFailed: Function}} listener */
  constructor(url, listener) {
    this.url = url;
    this.listener = listener;
    window.addEventListener("online", () => this.#resume());
  }

  /** @param {{file: File, tries: number}[]} uploads */
  add(uploads) {
    for (const upload of uploads) this.#waiting.add(upload);
    if (!this.#timer) this.#go();
  }

  /** How many have not arrived. */
  get left() {
    return this.#waiting.size + this.#requests.size;
  }

  /** Whether it waits for the connection to come back. */
  get isPaused() {
    return this.#timer !== 0;
  }

  /** How many arrive in a second, of late. */
  get rate() {
    const since = performance.now() - RATE_OVER_MS;
    while (this.#arrived[0] < since) this.#arrived.shift();
    return (this.#arrived.length * 1000) / RATE_OVER_MS;
  }

  /** Send nothing more; gives those that have not arrived. */
  stop() {
    const left = [...this.#requests.keys(), ...this.#waiting];
    const requests = [...this.#requests.values()];
    this.#waiting.clear();
    this.#requests.clear();
    for (const request of requests) request.abort();
    this.#wake();
    return left;
  }

  #go() {
    for (const upload of this.#waiting) {
      if (this.#requests.size === AT_ONCE) return;
      this.#waiting.delete(upload);
      this.#send(upload);
    }
  }

  async #send(upload) {
    const request = new XMLHttpRequest(); // fetch cannot tell how much of a file has gone
    this.#requests.set(upload, request);
    this.listener.onProgress(upload, 0);
    try {
      const answer = await post(request, this.url, upload.file, (share) => this.listener.onProgress(upload, share));
      this.#failures = 0;
      this.#arrived.push(performance.now());
      this.#end(upload, request, () => this.listener.onSent(upload, answer));
    } catch (error) {
      const again = await this.#isWorthAnotherTry(upload, error);
      this.#end(upload, request, () => (again ? this.#later(upload) : this.listener.onFailed(upload, again === null ? changed() : error)));
    }
    if (!this.#timer) this.#go();
  }

  /** What was stopped meanwhile is nobody's business any more. */
  #end(upload, request, told) {
    if (this.#requests.get(upload) !== request) return;
    this.#requests.delete(upload);
    told();
  }

  /** null where the file itself has gone from under us. */
  async #isWorthAnotherTry(upload, { status }) {
    if (status === 0 && !(await canBeRead(upload.file))) return null;
    const again = OUT_OF_REACH.has(status) || (status >= 500 && upload.tries + 1 < SERVER_TRIES);
    if (again) upload.tries += 1;
    return again;
  }

  #later(upload) {
    this.#waiting.add(upload);
    this.#failures += 1;
    clearTimeout(this.#timer);
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => this.#resume(), wait);
    this.listener.onLater(upload);
  }

  #resume() {
    this.#wake();
    this.#go();
  }

  #wake() {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }
}

/** @param {File} file */
async function canBeRead(file) {
  return file
    .slice(0, 1)
    .arrayBuffer()
    .then(() => true)
    .catch(() => false);
}

function changed() {
  return new RequestError({ message: words("file_changed") }, 400);
}

/**
 * Send one file, telling how much of it has gone; gives the server's answer, raises RequestError.
 * @param {XMLHttpRequest} request
 * @param {string} url
 * @param {File} file
 * @param {(share: number) => void} onProgress
 */
function post(request, url, file, onProgress) {
  const form = new FormData();
  form.append("file", file);
  return new Promise((resolve, reject) => {
    let stalled = 0;
    const watch = () => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), STALLED_MS);
    };
    request.open("POST", url);
    for (const [name, value] of Object.entries(ownHeaders())) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => {
      watch();
      onProgress(loaded / total);
    };
    request.onerror = request.onabort = () => reject(new RequestError({ message: words("unreachable") }, 0));
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(errorOf(request.status, request.responseText));
    };
    request.onloadend = () => clearTimeout(stalled);
    watch();
    request.send(form);
  });
}
