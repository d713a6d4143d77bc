import { droppedFiles, pickedFiles } from "./dropped.js";

/** Takes files and folders dropped anywhere on the page, or picked in a dialog; the zone says who will see them. */
export class DropZone {
  #zone = document.querySelector("#drop");
  #depth = 0;

  /** @param {(found: {files: {file: File, path: string}[], hidden: number, unreadable: number}) => void} onFiles */
  start(onFiles) {
    document.addEventListener("click", ({ target }) => {
      const pick = target.closest("[data-pick]");
      if (pick) document.getElementById(pick.dataset.pick).click();
    });
    for (const input of document.querySelectorAll("#files, #folder")) {
      input.addEventListener("change", () => {
        onFiles(pickedFiles(input.files));
        input.value = ""; // so that the same file can be picked again
      });
    }
    document.addEventListener("dragenter", (event) => this.#enter(event, 1));
    document.addEventListener("dragleave", (event) => this.#enter(event, -1));
    document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
    document.addEventListener("drop", async (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.#set(0);
      onFiles(await droppedFiles(event.dataTransfer));
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
