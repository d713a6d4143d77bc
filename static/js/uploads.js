import { documentUrl } from "./addresses.js";
import { clone } from "./clone.js";
import { documentShare, documentState } from "./document-state.js";
import { errorOf, ownHeaders, RequestError } from "./request.js";
import { words } from "./words.js";

const AT_ONCE = 2;

/** The files that were dropped or picked here: sent two at a time, then followed until they are ready or have failed. */
export class Uploads {
  #list = document.querySelector("#uploads");
  #waiting = [];
  #sending = 0;
  #items = new Map();
  #heard = new Map();

  /** @param {{url: string, maxMb: number}} options */
  constructor({ url, maxMb }) {
    this.url = url;
    this.maxMb = maxMb;
  }

  start() {
    this.#list.addEventListener("click", ({ target }) => {
      if (target.closest("[data-act='dismiss']")) target.closest(".upload").remove();
    });
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) {
      const item = clone("upload-template");
      item.querySelector(".upload-name").textContent = file.name;
      this.#list.append(item);
      if (file.size > this.maxMb * 2 ** 20) this.#say(item, "failed", words("file_too_large", { megabytes: this.maxMb }));
      else this.#waiting.push({ file, item });
    }
    this.#next();
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
      this.#say(item, known ? "known" : "failed", error.message);
      if (known) this.#link(item, known.id);
    }
  }

  #show(item, frame) {
    this.#say(item, frame.status, documentState(frame));
    item.querySelector("progress").value = documentShare(frame) ?? 1;
  }

  #say(item, status, sentence) {
    item.dataset.status = status;
    item.querySelector(".upload-state").textContent = sentence;
  }

  #link(item, id) {
    const link = item.querySelector(".upload-link");
    link.href = documentUrl(id);
    link.hidden = false;
  }
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
