const LONGEST = 2000; // characters; a longer one is shown as it was written
let drawing;

/**
 * Draw every formula below `root` as MathML. The library comes with the first formula that a page has.
 * @param {HTMLElement} root
 */
export async function drawFormulas(root) {
  const found = root.querySelectorAll(".formula:not(:has(math))");
  if (!found.length) return;
  drawing ??= load(document.querySelector("#chat").dataset);
  const temml = await drawing;
  if (!temml) return;
  for (const formula of found) {
    const tex = formula.textContent;
    if (tex.length > LONGEST || formula.querySelector("math")) continue;
    formula.title = tex;
    temml.render(tex, formula, { displayMode: "display" in formula.dataset, throwOnError: false, maxSize: [20, 50], maxExpand: 200 });
  }
}

/** A script of the classic kind: it leaves its one name with the window. */
function load({ formulaScript, formulaStyle }) {
  const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: formulaStyle });
  const script = Object.assign(document.createElement("script"), { src: formulaScript });
  document.head.append(style, script);
  return new Promise((resolve) => {
    script.addEventListener("load", () => resolve(window.temml));
    script.addEventListener("error", () => resolve(null)); // a formula is readable as it was written
  });
}
