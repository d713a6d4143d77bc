// Addresses come from the page: patterns in data attributes, with these in the place of the ids.
const FIRST_ID = "00000000-0000-0000-0000-000000000000";
const SECOND_ID = "11111111-1111-1111-1111-111111111111";
const NUMBER = "99999";
const QUOTE_MAX_CHARS = 500;

/** @param {string} name of the data attribute, in camel case */
function pattern(name) {
  const attribute = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return document.querySelector(`[data-${attribute}]`).dataset[name];
}

/**
 * A document's text, opened at a page with words marked, where these are given.
 * @param {string} id
 * @param {{page: number, quote: string}} [place]
 */
export function documentUrl(id, place) {
  const url = pattern("documentUrl").replace(FIRST_ID, id);
  return place ? `${url}?${new URLSearchParams({ page: place.page, quote: place.quote.slice(0, QUOTE_MAX_CHARS) })}` : url;
}

/** @param {string} id */
export function conversationUrl(id) {
  return pattern("conversationUrl").replace(FIRST_ID, id);
}

/** The messages after one. @param {string} conversation @param {number} sequence */
export function messagesUrl(conversation, sequence) {
  return `${pattern("messagesUrl").replace(FIRST_ID, conversation)}?after=${sequence}`;
}

/** @param {string} conversation @param {string} message @param {string} n */
export function citationUrl(conversation, message, n) {
  return pattern("citationUrl").replace(FIRST_ID, conversation).replace(SECOND_ID, message).replace(NUMBER, n);
}

/** Where a change of a conversation is sent. @param {"rename" | "delete" | "restore"} act @param {string} id */
export function talkUrl(act, id) {
  return pattern(`${act}Url`).replace(FIRST_ID, id);
}
