// A document's own page: the viewer with its search and its list of pages, or how far the reading is.
import { documentShare, documentState } from "./document-state.js";
import { FindBox } from "./find-box.js";
import { PageList } from "./page-list.js";
import { send } from "./request.js";
import { Socket } from "./socket.js";
import { toast } from "./toast.js";
import { Viewer } from "./viewer.js";

const page = document.querySelector("#document");
const element = document.querySelector("#viewer");

if (element) read(element);
if (page && page.dataset.status !== "ready") follow(page);
else if (page) watchConnection();

document.addEventListener("click", async ({ target }) => {
  const url = target.closest("[data-send]")?.dataset.send;
  if (!url) return;
  await send(url).then(
    () => location.reload(),
    (error) => toast(error.message, { kind: "error" }),
  );
});

/** @param {HTMLElement} element */
function read(element) {
  const list = new PageList(document.querySelector("#pages"));
  const viewer = new Viewer(element, { onPage: (number) => list.follow(number) });
  const find = new FindBox(document.querySelector(".find"), {
    onHit: (hit) => viewer.showHit(hit),
    onCounts: (counts) => list.count(counts),
    onNone: () => viewer.forgetHits(),
  });
  list.start((number) => viewer.show({ page: number }, { asPages: true }));
  viewer.show(Viewer.placeOf(element), { asPages: true }).then(() => find.start());
}

/** What is shown stays without a connection; what is not yet shown does not come. */
function watchConnection() {
  const connection = document.querySelector("#connection");
  const tell = () => {
    connection.hidden = navigator.onLine;
  };
  for (const type of ["online", "offline"]) addEventListener(type, tell);
  tell();
}

/** Say how far the reading is, and open the document once it is done. @param {HTMLElement} page */
function follow({ dataset: { document: id, workspace, socket: path } }) {
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
      if (frame.type !== "document" || frame.document !== id) return;
      if (frame.removed || frame.status === "ready" || frame.status !== page.dataset.status) return location.reload();
      page.querySelector(".document-state-words").textContent = documentState(frame);
      page.querySelector("progress").value = documentShare(frame) ?? 1;
      page.querySelector("progress").max = 1;
    },
  });
  socket.start();
}
