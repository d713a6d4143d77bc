import { documentUrl } from "./addresses.js";
import { clone } from "./clone.js";

/**
 * The list entry of one source.
 * @param {{n: number, document: string | null, title: string, page: number, place: string, quote: string, found: string}} citation
 */
export function sourceItem({ n, document: id, title, page, place, quote, found }) {
  const item = clone("source-template");
  item.dataset.n = n;
  item.dataset.found = found;
  item.dataset.document = id ?? "";
  item.dataset.pageNumber = page;
  if (id) item.querySelector("a").href = documentUrl(id, { page, quote });
  item.querySelector(".marker").textContent = n;
  item.querySelector(".source-title").textContent = title;
  item.querySelector(".source-place").textContent = place;
  item.querySelector(".source-quote").textContent = quote;
  return item;
}
