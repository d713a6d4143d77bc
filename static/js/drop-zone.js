/** Takes files dropped anywhere on the page, or picked in the dialog; the zone says who will see them. */
export class DropZone {
  #zone = document.querySelector("#drop");
  #input = document.querySelector("#files");
  #depth = 0;

  /** @param {(files: Iterable<File>) => void} onFiles */
  start(onFiles) {
    document.querySelector("[data-pick]").addEventListener("click", () => this.#input.click());
    this.#input.addEventListener("change", () => {
      onFiles([...this.#input.files]);
      this.#input.value = ""; // so that the same file can be picked again
    });
    document.addEventListener("dragenter", (event) => this.#enter(event, 1));
    document.addEventListener("dragleave", (event) => this.#enter(event, -1));
    document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
    document.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.#set(0);
      onFiles([...event.dataTransfer.files]);
    });
  }

  /** Every element on the way is entered and left: the zone shows while more were entered than left. */
  #enter(event, step) {
    if (hasFiles(event)) this.#set(this.#depth + step);
  }

  #set(depth) {
    this.#depth = depth;
    this.#zone.hidden = depth <= 0;
  }
}

/** @param {DragEvent} event */
function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
