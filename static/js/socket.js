const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const TRIES_BEFORE_LOOKING = 3;
const RIGHTS_CHANGED = 4001;
const DISABLED = 4003;
const DISABLED_PAGE = "/accounts/inactive/";

/** The tab's one socket: comes back by itself, waiting longer each time. */
export class Socket {
  #socket = null;
  #tries = 0;
  #timer = 0;

  /**
   * @param {string} path
   * @param {{onUp: () => void, onDown: () => void, onFrame: (frame: object) => void}} listener
   */
  constructor(path, listener) {
    this.url = new URL(path, location.href.replace(/^http/, "ws"));
    this.listener = listener;
  }

  start() {
    window.addEventListener("online", () => this.#open());
    window.addEventListener("offline", () => this.#socket?.close());
    this.#open();
  }

  /** Send a frame; false where there is no connection. @param {object} frame */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #open() {
    clearTimeout(this.#timer);
    if (this.#socket && this.#socket.readyState <= WebSocket.OPEN) return;
    this.#socket = new WebSocket(this.url);
    this.#socket.onopen = () => {
      this.#tries = 0;
      this.listener.onUp();
    };
    this.#socket.onmessage = ({ data }) => this.listener.onFrame(JSON.parse(data));
    this.#socket.onclose = ({ code }) => this.#closed(code);
  }

  /** @param {number} code */
  #closed(code) {
    if (code === DISABLED) location.replace(DISABLED_PAGE);
    else if (code === RIGHTS_CHANGED) location.reload();
    else this.#wait();
  }

  #wait() {
    this.listener.onDown();
    this.#tries += 1;
    if (this.#tries === TRIES_BEFORE_LOOKING) this.#lookForTheDoor();
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#tries);
    this.#timer = setTimeout(() => this.#open(), wait * (0.5 + Math.random() / 2));
  }

  /** A socket that is refused looks like one that is down: ask the page itself whether one is still signed in. */
  async #lookForTheDoor() {
    const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect") location.reload();
  }
}
