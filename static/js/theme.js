import { RequestError, send } from "./request.js";
import { toast } from "./toast.js";

/** Wear a theme now, and show it in every switch of the page. @param {string} theme */
function wear(theme) {
  document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-form] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
}

/** The theme's switches work at once, without a page; what the server does not take is taken back. */
export function switchThemes() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-form]")) return;
    event.preventDefault();
    const before = document.documentElement.dataset.theme;
    const theme = event.submitter.value;
    wear(theme);
    try {
      await send(form.action, { fields: { theme } });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      wear(before);
      toast(error.message, { kind: "error" });
    }
  });
}
