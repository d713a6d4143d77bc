const GAP_PX = 8;

/** Shows the quoted words beside a marker that the pointer or the focus is on. */
export class QuoteTip {
  #tip = document.querySelector("#quote-tip");

  /** @param {HTMLElement} turns */
  start(turns) {
    for (const type of ["pointerover", "focusin"])
      turns.addEventListener(type, ({ target }) => this.#show(target.closest("button.marker")));
    for (const type of ["pointerout", "focusout", "click"]) turns.addEventListener(type, () => this.#hide());
    document.addEventListener("scroll", () => this.#hide(), { capture: true, passive: true });
  }

  #show(marker) {
    const quote = marker?.closest("chat-answer").querySelector(`.source[data-n="${marker.dataset.n}"] .source-quote`)?.textContent;
    if (!quote) return;
    this.#tip.textContent = quote;
    this.#tip.hidden = false;
    marker.setAttribute("aria-describedby", this.#tip.id);
    const at = marker.getBoundingClientRect();
    const { width, height } = this.#tip.getBoundingClientRect();
    const below = at.bottom + GAP_PX + height < window.innerHeight;
    this.#tip.style.top = `${below ? at.bottom + GAP_PX : at.top - GAP_PX - height}px`;
    this.#tip.style.left = `${Math.max(GAP_PX, Math.min(at.left, window.innerWidth - width - GAP_PX))}px`;
  }

  #hide() {
    this.#tip.hidden = true;
  }
}
