import { fetchPart } from "./request.js";
import { swap } from "./swap.js";
import { toast } from "./toast.js";
import { words } from "./words.js";

const EVERY_MS = 1000;

/** Asks each second how far everything is that moves; once something has ended, the page is shown anew. */
export class Moving {
  #isOut = false;

  /** @param {string} url of the states */
  constructor(url) {
    this.url = url;
  }

  start() {
    setTimeout(() => this.#look(), EVERY_MS);
  }

  async #look() {
    const moving = document.querySelectorAll("[data-moving]");
    if (moving.length && !document.hidden && !document.querySelector("dialog[open]")) {
      await this.#follow(moving).then(
        () => {
          this.#isOut = false;
        },
        (error) => this.#complain(error),
      );
    }
    this.start();
  }

  /** @param {Iterable<HTMLElement>} moving */
  async #follow(moving) {
    const fresh = new DOMParser().parseFromString(await fetchPart(this.url), "text/html");
    const ended = [...moving].filter((part) => !this.#move(part, fresh.getElementById(part.id)));
    if (!ended.length) return;
    const card = document.activeElement?.closest(".model")?.id;
    await swap(location.pathname, "models-page");
    if (card) document.getElementById(card)?.querySelector("button")?.focus();
    for (const { id, dataset } of ended) this.#say(dataset.name, fresh.getElementById(id));
  }

  /** Bring a part forward; false if it is another one by now. */
  #move(part, fresh) {
    if (part.dataset.status !== fresh?.dataset.status) return false;
    const bar = part.querySelector("progress");
    const freshBar = fresh.querySelector("progress");
    if (freshBar.hasAttribute("value")) bar.value = freshBar.value;
    part.querySelector(".model-words").textContent = fresh.querySelector(".model-words").textContent;
    return true;
  }

  #say(name, fresh) {
    if (!name) return; // a file that was read: its card says what was found
    if (!fresh) toast(words("model_there", { name }));
    if (fresh?.dataset.status === "failed") toast(words("model_failed", { name }), { kind: "error" });
  }

  #complain(error) {
    if (!this.#isOut) toast(error.message, { kind: "error" });
    this.#isOut = true;
  }
}
