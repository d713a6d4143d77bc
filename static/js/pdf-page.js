import { readText } from "./marking.js";

const CANVAS_MAX_PIXELS = 2 ** 24; // 64 MiB; what phones can still hold

/** One page of a PDF: its drawing, and over it its text, which can be selected and marked. Empty until it is looked at. */
export class PdfPage {
  #pdfjs;
  #pdf;
  #proxy = null;
  #drawing = null;
  #canvas = null;
  #text = null;
  #layer = null;
  drawnAt = 0; // the scale of the drawing; 0 where there is none
  hasFailed = false;

  /** @param {{pdfjs: object, pdf: object}} opened @param {number} number @param {string} label */
  constructor({ pdfjs, pdf }, number, label) {
    this.#pdfjs = pdfjs;
    this.#pdf = pdf;
    this.number = number;
    this.element = document.createElement("div");
    this.element.className = "pdf-page";
    this.element.role = "group";
    this.element.ariaLabel = label;
    this.element.dataset.number = number;
  }

  /** Width and height in points, once the page is known. */
  async size() {
    this.#proxy ??= await this.#pdf.getPage(this.number);
    const { width, height } = this.#proxy.getViewport({ scale: 1 });
    this.resize({ width, height });
    return { width, height };
  }

  /** Take a size, in points: a guess where the page is not known yet. @param {{width: number, height: number}} size */
  resize({ width, height }) {
    this.element.style.setProperty("--wide", width);
    this.element.style.setProperty("--high", height);
  }

  /** Draw at a scale, unless it is drawn so. Rejects where the page cannot be drawn; a cancelled drawing is none. @param {number} scale */
  async draw(scale) {
    await this.size();
    if (this.drawnAt === scale) return;
    this.cancel();
    const viewport = this.#proxy.getViewport({ scale });
    const ratio = Math.min(devicePixelRatio, Math.sqrt(CANVAS_MAX_PIXELS / (viewport.width * viewport.height)));
    const canvas = document.createElement("canvas");
    canvas.ariaHidden = "true";
    canvas.width = Math.max(1, Math.floor(viewport.width * ratio));
    canvas.height = Math.max(1, Math.floor(viewport.height * ratio));
    this.#drawing = this.#proxy.render({ canvas, viewport, transform: [ratio, 0, 0, ratio, 0, 0] });
    try {
      await this.#drawing.promise;
    } catch (error) {
      empty(canvas);
      if (error.name === "RenderingCancelledException") return;
      throw error;
    }
    this.#drawing = null;
    this.#show(canvas);
    this.drawnAt = scale;
  }

  /** What `readText` gives of the text layer, which is put there once. */
  async read() {
    await this.size();
    this.#text ??= this.#layText();
    const text = this.#text;
    const layer = await text;
    if (text === this.#text) this.#layer = layer; // else it was given back meanwhile
    return readText(layer);
  }

  /** The text layer; null until all of it is there. */
  get layer() {
    return this.#layer;
  }

  cancel() {
    this.#drawing?.cancel();
    this.#drawing = null;
  }

  /** Give the memory of the drawing and the text back. */
  free() {
    this.cancel();
    if (this.#canvas) empty(this.#canvas);
    this.element.replaceChildren();
    [this.#canvas, this.#text, this.#layer] = [null, null, null];
    this.drawnAt = 0;
    this.#proxy?.cleanup();
  }

  /** @param {string} sentence */
  fail(sentence) {
    this.hasFailed = true;
    const note = document.createElement("p");
    note.className = "pdf-page-failed";
    note.textContent = sentence;
    this.element.append(note);
  }

  #show(canvas) {
    if (this.#canvas) empty(this.#canvas);
    this.#canvas?.remove();
    this.#canvas = canvas;
    this.element.prepend(canvas);
  }

  async #layText() {
    const container = document.createElement("div");
    container.className = "pdf-text";
    const viewport = this.#proxy.getViewport({ scale: 1 });
    const textContentSource = this.#proxy.streamTextContent({ includeMarkedContent: true });
    this.element.append(container);
    await new this.#pdfjs.TextLayer({ textContentSource, container, viewport }).render();
    return container;
  }
}

/** Browsers keep the memory of a canvas until it has no size. */
function empty(canvas) {
  canvas.width = 0;
  canvas.height = 0;
}
