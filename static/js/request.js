import { words } from "./words.js";

/** What the server refused, as a sentence for the person. */
export class RequestError extends Error {
  /** @param {{code?: string, message?: string}} error @param {number} status */
  constructor(error, status) {
    super(error.message || words("failed"));
    this.code = error.code ?? "";
    this.status = status;
    this.details = error;
  }
}

/** The header that shows a request to be this page's own. */
export function ownHeaders() {
  return { "X-CSRFToken": document.body.dataset.csrf, Accept: "application/json" };
}

/**
 * The error that an answer of the server carries.
 * @param {number} status
 * @param {string} body
 */
export function errorOf(status, body) {
  try {
    return new RequestError(JSON.parse(body).error, status);
  } catch {
    return new RequestError({}, status); // not ours: a proxy's page, or nothing at all
  }
}

/**
 * Send a form's fields, or nothing, and give the answer; raises RequestError where it was refused or the server is out of reach.
 * @param {string} url
 * @param {{method?: string, fields?: Record<string, string>}} [options]
 */
export async function send(url, { method = "POST", fields } = {}) {
  const body = fields && new URLSearchParams(fields);
  // keepalive: what was asked for is done, even by somebody who goes on to another page at once
  const response = await fetch(url, { method, body, headers: ownHeaders(), keepalive: true }).catch(() => {
    throw new RequestError({ message: words("unreachable") }, 0);
  });
  if (!response.ok) throw errorOf(response.status, await response.text());
  return response;
}

/**
 * The HTML of a part of a page; raises RequestError like `send`.
 * @param {string} url
 */
export async function fetchPart(url) {
  const response = await fetch(url, { headers: { Accept: "text/html" } }).catch(() => {
    throw new RequestError({ message: words("unreachable") }, 0);
  });
  if (!response.ok) throw new RequestError({ message: words("gone") }, response.status);
  return response.text();
}
