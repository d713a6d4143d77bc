/** How full the model's context is: kept true by each frame that says so. What was left out is also said to who does not see it. */
export class ContextMeter {
  #said = document.querySelector("#context-said");

  /** Looked up each time: the page may be given another one. */
  get #meter() {
    return document.querySelector("#context");
  }

  /** @param {{percent: number, used: number, limit: number, parts: Record<string, number>, sentences: string[], summary: string}} context */
  show({ percent, used, limit, parts, sentences, summary }) {
    const meter = this.#meter;
    for (const [name, number] of Object.entries({ percent, used, limit, ...parts })) {
      for (const place of meter.querySelectorAll(`[data-fill="${CSS.escape(name)}"]`)) place.textContent = number;
    }
    meter.querySelector(".context-used").setAttribute("stroke-dasharray", `${percent} 100`);
    this.#tell(meter.querySelector(".context-sentences"), sentences);
    meter.querySelector(".context-summary-text").textContent = summary;
    meter.querySelector(".context-summary").hidden = !summary;
    meter.hidden = false;
  }

  /** @param {HTMLElement} list @param {string[]} sentences */
  #tell(list, sentences) {
    const before = [...list.children].map((item) => item.textContent);
    if (before.join("\n") === sentences.join("\n")) return;
    list.replaceChildren(...sentences.map(listItem));
    this.#said.textContent = sentences[0] === this.#said.dataset.nothing ? "" : sentences.join(" ");
  }
}

/** @param {string} sentence */
function listItem(sentence) {
  const item = document.createElement("li");
  item.textContent = sentence;
  return item;
}
