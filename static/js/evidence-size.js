const STEP_PX = 24;
const WIDTH = { name: "gemmaweb-source-width", property: "--evidence-width", least: 300, share: 0.62 };
const HEIGHT = { name: "gemmaweb-source-height", property: "--evidence-height", least: 220, share: 0.92 };

/** How wide the panel beside the talk is, or how high where it comes from below: by pointer or by keys on its edge, and remembered. */
export class EvidenceSize {
  #panel;
  #edge;
  #wide;

  /** @param {HTMLElement} panel @param {HTMLElement} edge with role="separator" @param {MediaQueryList} wide */
  constructor(panel, edge, wide) {
    this.#panel = panel;
    this.#edge = edge;
    this.#wide = wide;
  }

  start() {
    for (const side of [WIDTH, HEIGHT]) this.#set(side, Number(localStorage.getItem(side.name)));
    this.#edge.addEventListener("pointerdown", (event) => this.#drag(event));
    this.#edge.addEventListener("keydown", (event) => this.#onKey(event));
    this.#edge.addEventListener("dblclick", () => this.#keep(0));
    this.#edge.addEventListener("focus", () => this.#describe());
    this.#wide.addEventListener("change", () => this.#describe());
    this.#describe();
  }

  get #side() {
    return this.#wide.matches ? WIDTH : HEIGHT;
  }

  get #size() {
    const { width, height } = this.#panel.getBoundingClientRect();
    return this.#wide.matches ? width : height;
  }

  get #most() {
    return Math.round(this.#side.share * (this.#wide.matches ? innerWidth : innerHeight));
  }

  #drag(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.#edge.setPointerCapture(event.pointerId);
    this.#edge.focus();
    const move = ({ clientX, clientY }) => {
      const { left, right, bottom } = this.#panel.getBoundingClientRect();
      const isRightToLeft = getComputedStyle(this.#panel).direction === "rtl";
      this.#keep(this.#wide.matches ? (isRightToLeft ? clientX - left : right - clientX) : bottom - clientY);
    };
    const stop = new AbortController();
    this.#edge.addEventListener("pointermove", move, { signal: stop.signal });
    for (const type of ["pointerup", "pointercancel"]) this.#edge.addEventListener(type, () => stop.abort(), { signal: stop.signal });
  }

  #onKey(event) {
    const isRightToLeft = getComputedStyle(this.#panel).direction === "rtl";
    const [more, less] = this.#wide.matches
      ? isRightToLeft
        ? ["ArrowRight", "ArrowLeft"]
        : ["ArrowLeft", "ArrowRight"]
      : ["ArrowUp", "ArrowDown"];
    const sizes = { [more]: this.#size + STEP_PX, [less]: this.#size - STEP_PX, Home: this.#side.least, End: this.#most, Enter: 0 };
    if (!(event.key in sizes)) return;
    event.preventDefault();
    event.stopPropagation();
    this.#keep(sizes[event.key]);
  }

  /** @param {number} size in pixels; 0: as it comes */
  #keep(size) {
    const kept = size && Math.round(Math.min(Math.max(size, this.#side.least), this.#most));
    if (kept) localStorage.setItem(this.#side.name, kept);
    else localStorage.removeItem(this.#side.name);
    this.#set(this.#side, kept);
    this.#describe();
  }

  #set({ property }, size) {
    if (size) this.#panel.style.setProperty(property, `${size}px`);
    else this.#panel.style.removeProperty(property);
  }

  #describe() {
    this.#edge.ariaOrientation = this.#wide.matches ? "vertical" : "horizontal";
    this.#edge.ariaValueMin = String(this.#side.least);
    this.#edge.ariaValueMax = String(this.#most);
    this.#edge.ariaValueNow = String(Math.round(this.#size));
  }
}
