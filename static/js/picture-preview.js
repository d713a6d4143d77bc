import { words } from "./words.js";

const TYPE = "image/webp";

/** Draw the middle of a picture over the whole canvas. @param {HTMLCanvasElement} canvas @param {ImageBitmap} picture */
function draw(canvas, picture) {
  const side = Math.min(picture.width, picture.height);
  const [left, top] = [(picture.width - side) / 2, (picture.height - side) / 2];
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
}

/** Put what the canvas shows into the file field, so that a large photo travels as a small one. */
async function carry(canvas, input) {
  const blob = await new Promise((done) => canvas.toBlob(done, TYPE, 0.92));
  if (!blob) return; // then the file goes as it is
  const files = new DataTransfer();
  files.items.add(new File([blob], "picture", { type: blob.type }));
  input.files = files.files;
}

/** Show what was chosen as it will be cut, before it is sent. */
export function previewPicture() {
  const canvas = document.querySelector("#picture-preview");
  const input = document.querySelector("#picture-file");
  const said = document.querySelector("#picture-error");
  const now = canvas.previousElementSibling;
  input.addEventListener("change", async () => {
    const [file] = input.files;
    const picture = file && (await createImageBitmap(file).catch(() => null));
    said.textContent = file && !picture ? words("not_a_picture") : "";
    canvas.hidden = !picture;
    now.hidden = Boolean(picture);
    if (picture) {
      draw(canvas, picture);
      await carry(canvas, input);
    } else if (file) {
      input.value = "";
    }
  });
}
