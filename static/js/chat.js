// The conversation page: the socket's frames go to the conversation and to the files, what a person does goes to the socket.
import { AnswerView } from "./answer-view.js";
import { Composer } from "./composer.js";
import { ContextMeter } from "./context-meter.js";
import { Conversation } from "./conversation.js";
import { DropZone } from "./drop-zone.js";
import { Evidence } from "./evidence.js";
import { Examples } from "./examples.js";
import { Follow } from "./follow.js";
import { QuoteTip } from "./quote-tip.js";
import { Socket } from "./socket.js";
import { Uploads } from "./uploads.js";

const talk = document.querySelector("#talk");
const page = document.querySelector("#chat");
const turns = document.querySelector("#turns");
const connection = document.querySelector("#connection");
const files = document.querySelector("#files");

customElements.define("chat-answer", AnswerView);

const follow = new Follow(talk, turns, document.querySelector("#follow"));
const uploads = new Uploads({ url: page.dataset.documentsApi, maxMb: Number(files?.dataset.maxMb) });
const evidence = new Evidence();
const examples = new Examples();
const meter = new ContextMeter();
const count = document.querySelector("#document-count");
const socket = new Socket(page.dataset.socket, {
  onUp: () => {
    connection.hidden = true;
    socket.send({ type: "watch", workspace: page.dataset.workspace });
    conversation.resume();
  },
  onDown: () => {
    connection.hidden = false;
  },
  onFrame: (frame) => {
    if (frame.type === "line") {
      uploads.line.follow(frame);
      examples.follow(frame);
      count.textContent = frame.documents;
    } else if (frame.type === "document") uploads.follow(frame);
    else if (frame.type !== "shelf") conversation.receive(frame);
    if (frame.context) meter.show(frame.context);
  },
});
const composer = new Composer((text) => conversation.ask(text));
const conversation = new Conversation({
  socket,
  onPutBack: (text) => composer.putBack(text),
  onAsked: () => {
    follow.toEnd();
    uploads.clearSettled();
  },
  onRemoved: () => evidence.close(),
});

conversation.start();
composer.start();
follow.start();
examples.start((text) => conversation.ask(text));
uploads.start();
evidence.start(turns, () => conversation.id);
new QuoteTip().start(turns);
if (files) new DropZone().start((found) => uploads.add(found));
socket.start();
