/** How full the model's context is: kept true at the end of each answer that a model gives. */
export class ContextMeter {
  #meter = document.querySelector("#context");

  /** @param {{context: {percent: number, used: number, limit: number, parts: Record<string, number>, sentences: string[], summary: string} | null}} frame */
  ended({ context }) {
    if (!context) return;
    const { percent, used, limit, parts, sentences, summary } = context;
    for (const [name, number] of Object.entries({ percent, used, limit, ...parts })) {
      for (const place of this.#meter.querySelectorAll(`[data-fill="${CSS.escape(name)}"]`)) place.textContent = number;
    }
    this.#meter.querySelector(".context-used").setAttribute("stroke-dasharray", `${percent} 100`);
    this.#meter.querySelector(".context-sentences").replaceChildren(...sentences.map(listItem));
    this.#meter.querySelector(".context-summary-text").textContent = summary;
    this.#meter.querySelector(".context-summary").hidden = !summary;
    this.#meter.hidden = false;
  }
}

/** @param {string} sentence */
function listItem(sentence) {
  const item = document.createElement("li");
  item.textContent = sentence;
  return item;
}
