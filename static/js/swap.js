import { fetchPart } from "./request.js";

/**
 * Fetch a page and put its elements of these ids, and its title, in the place of ours.
 * @param {string} url
 * @param {...string} ids
 */
export async function swap(url, ...ids) {
  const page = new DOMParser().parseFromString(await fetchPart(url), "text/html");
  document.title = page.title;
  for (const id of ids) {
    const fresh = page.getElementById(id);
    if (fresh) document.getElementById(id)?.replaceWith(fresh);
  }
}
