/** The side as a drawer on narrow screens: opened by the bar's button, closed by Escape, the veil, or going somewhere. */
export class Drawer {
  #side = document.querySelector("#side");
  #opener = document.querySelector("[data-side-open]");

  start() {
    this.#opener?.addEventListener("click", () => this.#set(true));
    document.querySelector("[data-side-close]")?.addEventListener("click", () => this.#set(false));
    this.#side?.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.#side.querySelector(".menu[open]")) this.#set(false); // a menu in it closes first
    });
  }

  /** @param {boolean} open */
  #set(open) {
    this.#side.classList.toggle("open", open);
    this.#opener.setAttribute("aria-expanded", String(open));
    if (open) this.#side.querySelector("summary, a").focus();
    else this.#opener.focus();
  }
}
