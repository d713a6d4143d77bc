// Every page: the drawer, the menus, the conversations in the side, copying, and choices that are sent at once, what toasts said.
import { copyText } from "./copy-text.js";
import { Drawer } from "./drawer.js";
import { closeMenus } from "./menus.js";
import { remember, startSaid } from "./said.js";
import { Talks } from "./talks.js";
import { switchThemes } from "./theme.js";
import { expire, toast, UNDO_MS } from "./toast.js";
import { words } from "./words.js";

new Drawer().start();
new Talks().start();
closeMenus();
switchThemes();
startSaid();

for (const said of document.querySelectorAll("#toasts .toast")) {
  remember((said.querySelector("span") ?? said).textContent, said.classList.contains("error") ? "error" : "");
  expire(said, said.querySelector("form") ? UNDO_MS : undefined);
}

document.addEventListener("click", async ({ target }) => {
  const { copy, copyText: known } = target.closest("[data-copy], [data-copy-text]")?.dataset ?? {};
  if (!copy && !known) return;
  const field = copy && document.getElementById(copy);
  field?.select();
  toast(words((await copyText(known ?? field.value)) ? "copied" : "copy_by_hand"));
});

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-send-at-once]")) target.form.requestSubmit();
});
