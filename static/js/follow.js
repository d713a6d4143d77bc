const NEAR_PX = 48;

/** Keeps the end of the talk in sight while it grows; whoever scrolled up is not moved, and is told that there is more. */
export class Follow {
  #isFollowing = true;
  #lastTop = 0;

  /** @param {HTMLElement} talk that scrolls @param {HTMLElement} turns that grow in it @param {HTMLElement} button */
  constructor(talk, turns, button) {
    this.talk = talk;
    this.turns = turns;
    this.button = button;
  }

  start() {
    this.talk.addEventListener("scroll", () => this.#look(), { passive: true });
    this.button.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.#grew()).observe(this.turns);
    this.toEnd();
  }

  /** Go to the end, and stay there. */
  toEnd() {
    this.#isFollowing = true;
    this.#grew();
  }

  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.talk;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.#isFollowing = isAtEnd || (this.#isFollowing && scrollTop >= this.#lastTop); // it may have grown since it was scrolled to its end
    this.#lastTop = scrollTop;
    if (this.#isFollowing) this.button.hidden = true;
  }

  #grew() {
    if (this.#isFollowing) this.talk.scrollTop = this.talk.scrollHeight;
    else this.button.hidden = false;
  }
}
