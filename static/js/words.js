const plural = new Intl.PluralRules(document.documentElement.lang);

/**
 * The sentence of this name in the person's language, from the page's #words; "" where there is none.
 * `{place}` in it is replaced by values.place; with `values.number` the plural form is looked for first.
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 */
export function words(name, values = {}) {
  const said = document.querySelector("#words").content;
  const form = "number" in values ? `.${plural.select(values.number)}` : "";
  const found = said.querySelector(`[data-word="${CSS.escape(name + form)}"]`) ?? said.querySelector(`[data-word="${CSS.escape(name)}"]`);
  return (found?.textContent ?? "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}
