// The shelf's page: the table lives by the socket, files come in by drop or dialog.
import { DocumentsTable } from "./documents-table.js";
import { DropZone } from "./drop-zone.js";
import { Socket } from "./socket.js";
import { Uploads } from "./uploads.js";

const { workspace, socket: path, documentsApi } = document.querySelector("#documents").dataset;
const files = document.querySelector("#files");
const table = new DocumentsTable(documentsApi);
const uploads = new Uploads({ url: documentsApi, maxMb: Number(files?.dataset.maxMb) });
const connection = document.querySelector("#connection");

const socket = new Socket(path, {
  onUp: () => {
    connection.hidden = true;
    socket.send({ type: "watch", workspace });
  },
  onDown: () => {
    connection.hidden = false;
  },
  onFrame: (frame) => {
    if (frame.type !== "document") return;
    uploads.follow(frame);
    table.follow(frame);
  },
});

table.start();
uploads.start();
if (files) new DropZone().start((chosen) => uploads.add(chosen));
socket.start();
