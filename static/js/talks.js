import { talkUrl } from "./addresses.js";
import { clone } from "./clone.js";
import { send } from "./request.js";
import { toast } from "./toast.js";
import { words } from "./words.js";

/** The conversations in the side: renamed where they stand, deleted with a way back. */
export class Talks {
  start() {
    const side = document.querySelector("#side");
    if (!side) return;
    addMenus(side);
    new MutationObserver(() => addMenus(side)).observe(side, { childList: true }); // the list is replaced as a whole
    side.addEventListener("click", ({ target }) => {
      const act = target.closest("[data-act]")?.dataset.act;
      const talk = target.closest(".side-talk");
      if (talk && act === "rename") this.#edit(talk);
      if (talk && act === "delete") this.#delete(talk);
    });
  }

  /** @param {HTMLElement} talk */
  #edit(talk) {
    const link = talk.querySelector("a");
    const input = document.createElement("input");
    input.className = "side-rename";
    input.maxLength = 200;
    input.value = link.textContent.trim();
    input.setAttribute("aria-label", words("title"));
    const onBlur = () => close(true);
    const close = (keep) => {
      input.removeEventListener("blur", onBlur); // leaving the page blurs it once more
      input.replaceWith(link);
      if (keep) this.#rename(talk, input.value.trim());
    };
    input.addEventListener("blur", onBlur);
    input.addEventListener("keydown", (event) => {
      if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
      event.stopPropagation();
      close(event.key === "Enter");
      link.focus();
    });
    link.replaceWith(input);
    input.select();
  }

  /** @param {HTMLElement} talk @param {string} title */
  async #rename(talk, title) {
    const link = talk.querySelector("a");
    const before = link.textContent;
    if (!title || title === before.trim()) return;
    showTitle(talk.dataset.conversation, title);
    await send(talkUrl("rename", talk.dataset.conversation), { fields: { title } }).catch((error) => {
      showTitle(talk.dataset.conversation, before);
      toast(error.message, { kind: "error" });
    });
  }

  /** @param {HTMLElement} talk */
  async #delete(talk) {
    const next = talk.nextElementSibling;
    const list = talk.parentElement;
    try {
      await send(talkUrl("delete", talk.dataset.conversation));
    } catch (error) {
      return toast(error.message, { kind: "error" });
    }
    talk.remove();
    toast(words("conversation_deleted"), { action: words("undo"), onAction: () => this.#restore(talk, list, next) });
  }

  /** @param {HTMLElement} talk @param {HTMLElement} list @param {Element | null} next */
  async #restore(talk, list, next) {
    try {
      await send(talkUrl("restore", talk.dataset.conversation));
    } catch (error) {
      return toast(error.message, { kind: "error" });
    }
    list.insertBefore(talk, next?.isConnected ? next : null);
    if (talk.querySelector("[aria-current]")) location.reload(); // the page was closed with it
  }
}

/** The same menu for each conversation: made here, a list of hundreds travels light. @param {HTMLElement} side */
function addMenus(side) {
  for (const talk of side.querySelectorAll(".side-talk:not(:has(.menu))")) {
    const menu = clone("talk-menu-template");
    const summary = menu.querySelector("summary");
    summary.ariaLabel += `: ${talk.textContent.trim()}`;
    talk.append(menu);
  }
}

/**
 * Show a conversation's title wherever it stands.
 * @param {string} conversation
 * @param {string} title
 */
export function showTitle(conversation, title) {
  const link = document.querySelector(`#talk-${conversation} a`);
  if (link) link.textContent = title;
  if (!document.querySelector(`#chat[data-conversation="${conversation}"]`)) return;
  document.querySelector("#title").textContent = title;
  document.title = `${title} · Gemmaweb`;
}
