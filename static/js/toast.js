import { remember } from "./said.js";

const SHOWN_MS = 7000;
export const UNDO_MS = 15000;

/**
 * Let a toast go after a while, but not from under a pointer or the focus.
 * @param {HTMLElement} toast
 * @param {number} [shownMs]
 */
export function expire(toast, shownMs = SHOWN_MS) {
  setTimeout(() => (toast.matches(":hover, :focus-within") ? expire(toast, shownMs) : toast.remove()), shownMs);
}

/**
 * Say something at the foot of the page, with at most one thing to do about it.
 * @param {string} text
 * @param {{kind?: "error", action?: string, onAction?: () => void}} [options]
 */
export function toast(text, { kind = "", action = "", onAction } = {}) {
  const element = document.createElement("p");
  element.className = `toast ${kind}`;
  element.append(text);
  if (action) {
    const button = document.createElement("button");
    button.className = "text-button";
    button.type = "button";
    button.textContent = action;
    button.addEventListener("click", () => {
      element.remove();
      onAction();
    });
    element.append(button);
  }
  document.querySelector("#toasts").append(element);
  remember(text, kind);
  expire(element, action ? UNDO_MS : SHOWN_MS);
}
