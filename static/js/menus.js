/** Close each open menu (<details class="menu">) on Escape, on a click elsewhere, and once something in it was chosen. */
export function closeMenus() {
  document.addEventListener("click", ({ target }) => {
    for (const menu of document.querySelectorAll(".menu[open]")) {
      if (menu.contains(target) && !target.closest(".menu-item")) continue;
      menu.open = false;
      if (menu.contains(target) && target.closest("[commandfor]")) menu.querySelector("summary").focus(); // where a dialog gives the focus back to
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector(".menu[open]");
    if (!menu) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
