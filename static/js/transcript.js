/**
 * Puts the frames of one run in order before they are shown; asks once for a snapshot where one went missing.
 * The view has reset(snapshot), append(frame) and resume().
 */
export class Transcript {
  #attempt = 0;
  #shown = 0;
  #early = new Map();
  #hasAsked = false;

  constructor(view) {
    this.view = view;
  }

  /** A worker took the run: the first one begins with frame 1, where a later one begins only the snapshot knows. */
  started({ attempt }) {
    if (this.#attempt === 0) this.#attempt = attempt;
    else if (attempt > this.#attempt) this.#ask();
  }

  delta(frame) {
    if (frame.attempt < this.#attempt) return;
    if (frame.attempt > this.#attempt) return this.#ask();
    if (frame.seq <= this.#shown) return;
    this.#early.set(frame.seq, frame);
    this.#show();
    if (this.#early.size) this.#ask();
  }

  snapshot(frame) {
    this.#hasAsked = false;
    if (frame.attempt < this.#attempt || (frame.attempt === this.#attempt && frame.seq < this.#shown)) return;
    if (frame.attempt > this.#attempt) this.#early.clear();
    [this.#attempt, this.#shown] = [frame.attempt, frame.seq];
    for (const seq of this.#early.keys()) if (seq <= frame.seq) this.#early.delete(seq);
    this.view.reset(frame);
    this.#show();
  }

  /** Whatever was asked for before is forgotten: the connection was lost. */
  resume() {
    this.#hasAsked = false;
    this.#ask();
  }

  #ask() {
    if (this.#hasAsked) return;
    this.#hasAsked = true;
    this.view.resume();
  }

  #show() {
    for (let frame = this.#next(); frame; frame = this.#next()) {
      this.#shown = frame.seq;
      this.#early.delete(frame.seq);
      this.view.append(frame);
    }
  }

  #next() {
    return this.#early.get(this.#shown + 1);
  }
}
