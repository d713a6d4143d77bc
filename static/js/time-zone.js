import { words } from "./words.js";

/** Offer the browser's own time zone where the field has another one. */
export function suggestTimeZone() {
  const hint = document.querySelector("#time-zone-hint");
  const field = document.querySelector("[name=time_zone]");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!here || here === field.value) return;
  const button = hint.querySelector("button");
  button.textContent = words("use_time_zone", { zone: here });
  button.addEventListener("click", () => {
    field.value = here;
    hint.hidden = true;
    field.focus();
  });
  hint.hidden = false;
}
