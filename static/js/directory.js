// Lists that follow their search field while one types.
import { swap } from "./swap.js";
import { toast } from "./toast.js";

const TYPING_MS = 200;
let timer = 0;
let wanted = "";
let isAsking = false;

for (const form of document.querySelectorAll("[data-live]")) {
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask(form), TYPING_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    ask(form);
  });
}

/**
 * Show what the form asks for. One answer at a time: an older one must not come after a newer one.
 * @param {HTMLFormElement} form
 */
async function ask(form) {
  wanted = `${location.pathname}?${new URLSearchParams(new FormData(form))}`;
  if (isAsking) return;
  isAsking = true;
  for (let shown = ""; shown !== wanted; ) {
    shown = wanted;
    await swap(shown, form.dataset.live).catch((error) => toast(error.message, { kind: "error" }));
  }
  history.replaceState(null, "", wanted);
  isAsking = false;
}
