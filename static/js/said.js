const STORE = "gemmaweb.said";
const KEPT = 30;

/**
 * What toasts have said in this tab, newest first; it lives as long as the tab.
 * @returns {{text: string, kind: string, at: number}[]}
 */
function kept() {
  return JSON.parse(sessionStorage.getItem(STORE) ?? "[]");
}

/** Remember a toast, to be read again from the account's menu. @param {string} text @param {string} kind */
export function remember(text, kind) {
  const all = [{ text, kind, at: Date.now() }, ...kept()].slice(0, KEPT);
  sessionStorage.setItem(STORE, JSON.stringify(all));
}

/** Fill the list each time it is opened. */
export function startSaid() {
  document.querySelector("#said")?.addEventListener("beforetoggle", ({ newState, target }) => {
    if (newState !== "open") return;
    const all = kept();
    target.querySelector("#said-nothing").hidden = all.length > 0;
    target.querySelector("#said-list").replaceChildren(...all.map(line));
  });
}

function line({ text, kind, at }) {
  const item = document.createElement("li");
  item.className = kind;
  const time = document.createElement("time");
  time.dateTime = new Date(at).toISOString();
  time.textContent = new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  item.append(time, text);
  return item;
}
