import { documentUrl } from "./addresses.js";
import { clone } from "./clone.js";
import { documentShare, documentState } from "./document-state.js";
import { errorOf, ownHeaders, RequestError, send } from "./request.js";
import { words } from "./words.js";

const AT_ONCE = 2;
const WORTH_ANOTHER_TRY = new Set(["timed_out", "out_of_memory", "crashed"]); // nothing is wrong with such a file

/** The files that were dropped or picked here: sent two at a time, then followed until they are ready or have failed. */
export class Uploads {
  #list = document.querySelector("#uploads");
  #waiting = [];
  #sending = 0;
  #items = new Map();
  #heard = new Map();
  #again = new WeakMap();

  /** @param {{url: string, maxMb: number}} options */
  constructor({ url, maxMb }) {
    this.url = url;
    this.maxMb = maxMb;
  }

  start() {
    this.#list.addEventListener("click", ({ target }) => {
      const item = target.closest(".upload");
      if (target.closest("[data-act='dismiss']")) item.remove();
      if (target.closest("[data-act='retry']")) this.#again.get(item)();
    });
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) {
      const item = clone("upload-template");
      item.querySelector(".upload-name").textContent = file.name;
      this.#list.append(item);
      if (file.size > this.maxMb * 2 ** 20) this.#say(item, "failed", words("file_too_large", { megabytes: this.maxMb }));
      else this.#wait(file, item);
    }
  }

  /** A file's state changed, maybe one of ours. @param {object} frame */
  follow(frame) {
    this.#heard.set(frame.document, frame);
    const item = this.#items.get(frame.document);
    if (item && frame.removed) item.remove();
    else if (item) this.#show(item, frame);
  }

  /** Those that are on the shelf need not be looked at any more. */
  clearSettled() {
    for (const item of this.#list.querySelectorAll('[data-status="ready"], [data-status="known"]')) item.remove();
  }

  #wait(file, item) {
    this.#say(item, "sending", words("file_queued"));
    this.#waiting.push({ file, item });
    this.#next();
  }

  #next() {
    while (this.#sending < AT_ONCE && this.#waiting.length) {
      this.#sending += 1;
      const { file, item } = this.#waiting.shift();
      this.#send(file, item).finally(() => {
        this.#sending -= 1;
        this.#next();
      });
    }
  }

  async #send(file, item) {
    this.#say(item, "sending", words("file_sending"));
    try {
      const { id } = await post(this.url, file, (share) => {
        item.querySelector("progress").value = share;
      });
      this.#items.set(id, item);
      this.#link(item, id);
      this.#show(item, this.#heard.get(id) ?? { status: "queued", progress: 0, progress_of: 0, reason: "", warnings: [] });
    } catch (error) {
      const known = error.details?.document; // the same file is on the shelf already
      if (known) this.#link(item, known.id);
      this.#say(item, known ? "known" : "failed", error.message, isPassing(error) && (() => this.#wait(file, item)));
    }
  }

  async #retry(id, item) {
    this.#say(item, "queued", words("file_queued"));
    await send(`${this.url}/${id}/retry`).catch((error) => {
      this.#say(item, "failed", error.message, isPassing(error) && (() => this.#retry(id, item)));
    });
  }

  #show(item, frame) {
    const again = frame.status === "failed" && WORTH_ANOTHER_TRY.has(frame.reason_code);
    this.#say(item, frame.status, documentState(frame), again && (() => this.#retry(frame.document, item)));
    item.querySelector("progress").value = documentShare(frame) ?? 1;
  }

  /** Say where the file is; `again` is what another try does, where one may help. */
  #say(item, status, sentence, again = false) {
    item.dataset.status = status;
    item.querySelector(".upload-state").textContent = sentence;
    item.querySelector("[data-act='retry']").hidden = !again;
    this.#again.set(item, again);
    const link = item.querySelector(".upload-link");
    link.hidden = status === "failed" || !link.href;
  }

  #link(item, id) {
    item.querySelector(".upload-link").href = documentUrl(id);
  }
}

/** Whether what went wrong may be gone in a moment. @param {RequestError} error */
function isPassing({ status }) {
  return status === 0 || status === 429 || status >= 500;
}

/**
 * Send one file, telling how much of it has gone; gives the server's answer, raises RequestError. (fetch cannot tell.)
 * @param {string} url
 * @param {File} file
 * @param {(share: number) => void} onProgress
 */
function post(url, file, onProgress) {
  const form = new FormData();
  form.append("file", file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(ownHeaders())) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    request.onerror = () => reject(new RequestError({ message: words("unreachable") }, 0));
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(errorOf(request.status, request.responseText));
    };
    request.send(form);
  });
}
