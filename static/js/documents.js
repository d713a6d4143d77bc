// The shelf's page: the rows live by the socket, files come in by drop or dialog.
import { DropZone } from "./drop-zone.js";
import { Selection } from "./selection.js";
import { ShelfActs } from "./shelf-acts.js";
import { ShelfRows } from "./shelf-rows.js";
import { Socket } from "./socket.js";
import { Uploads } from "./uploads.js";

const page = document.querySelector("#documents");
const { workspace, socket: path, rowsUrl, documentsApi } = page.dataset;
const files = document.querySelector("#files");
const connection = document.querySelector("#connection");
const count = document.querySelector("#document-count");
const selection = new Selection();
const rows = new ShelfRows(rowsUrl, () => selection.show());
const acts = new ShelfActs({ selection, rows });
const uploads = new Uploads({ url: documentsApi, maxMb: Number(files?.dataset.maxMb) });
let wasUp = false;

const socket = new Socket(path, {
  onUp: () => {
    connection.hidden = true;
    socket.send({ type: "watch", workspace });
    if (wasUp) rows.refresh(); // something may have happened meanwhile
    wasUp = true;
  },
  onDown: () => {
    connection.hidden = false;
  },
  onFrame: (frame) => {
    if (frame.type === "document") {
      uploads.follow(frame);
      rows.follow(frame);
      if (frame.removed) selection.forget(frame.document);
    }
    if (frame.type === "line") {
      uploads.line.follow(frame);
      if (count.textContent !== String(frame.documents)) rows.refresh();
      count.textContent = frame.documents;
    }
    if (frame.type === "shelf") rows.refresh();
  },
});

rows.start();
selection.start(page);
selection.show();
acts.start();
uploads.start();
if (files) new DropZone().start((found) => uploads.add(found));
socket.start();
