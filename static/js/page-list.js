/** The list of a document's pages: where one is, where something was found, and the way there. */
export class PageList {
  #list;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
    const isNarrow = matchMedia("(width <= 62rem)").matches;
    if (isNarrow) list.closest("details").open = false;
  }

  /** @param {(number: number) => void} onChoice */
  start(onChoice) {
    this.#list.addEventListener("click", (event) => {
      const item = event.target.closest("[data-number]");
      if (!item || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      onChoice(Number(item.dataset.number));
    });
  }

  /** @param {number} number of the page that is looked at */
  follow(number) {
    const item = this.#item(number);
    this.#list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    item?.querySelector("a").setAttribute("aria-current", "true");
    item?.scrollIntoView({ block: "nearest" });
    const url = new URL(location.href);
    url.searchParams.set("page", number);
    url.searchParams.delete("quote");
    history.replaceState(null, "", url);
  }

  /** Show how often something stands on which pages. @param {[number, number][]} counts */
  count(counts) {
    for (const old of this.#list.querySelectorAll(".page-hits:not(:empty)")) old.textContent = "";
    for (const [number, times] of counts) {
      const item = this.#item(number);
      if (item) item.querySelector(".page-hits").textContent = times;
    }
  }

  #item(number) {
    return this.#list.querySelector(`[data-number="${number}"]`);
  }
}
