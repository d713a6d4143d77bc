/**
 * A fresh copy of the one element inside the page's <template> of this id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function clone(id) {
  return document.querySelector(`#${id}`).content.firstElementChild.cloneNode(true);
}
