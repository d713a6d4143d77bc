/** Where one asks. Enter sends, Shift+Enter begins a line, a half-composed word is never sent; what was not sent outlives a reload. */
export class Composer {
  #form = document.querySelector("#composer");
  #text = document.querySelector("#question");

  /** @param {(text: string) => void} onAsk */
  constructor(onAsk) {
    this.onAsk = onAsk;
  }

  start() {
    this.#text.value ||= sessionStorage.getItem(draftName()) ?? "";
    this.#text.addEventListener("input", () => sessionStorage.setItem(draftName(), this.#text.value));
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#form.querySelector("[type=submit]").disabled = false; // until now a click would have loaded the page again
  }

  /** Put back what could not be sent, in front of what was written since. @param {string} text */
  putBack(text) {
    this.#text.value = [text, this.#text.value].filter(Boolean).join("\n");
    sessionStorage.setItem(draftName(), this.#text.value);
    this.#text.focus();
  }

  #send() {
    const text = this.#text.value.trim();
    if (!text) return;
    this.#text.value = "";
    sessionStorage.removeItem(draftName());
    this.onAsk(text);
  }
}

/** Each page has its own; a new conversation's address changes with its first question. */
function draftName() {
  return `draft ${location.pathname}`;
}
