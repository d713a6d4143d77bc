// Where words stand in a text, however a page broke, joined or drew them. Pure: it knows no page and no viewer.

// Vowel points of Arabic and Hebrew, the stroke that lengthens Arabic words, accents: a PDF may leave them out, or put them elsewhere.
const PASSED_OVER = /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]/u;
const LETTER = /[\p{L}\p{M}\p{N}]/u;
const HAN_OR_KANA = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const LAM = "\u0644";
const ALEF = "\u0627";
const GRAM = 8; // letters by which common stretches are looked up
const SHORTEST = 12; // letters; with 8 one wrong page in nine seems near, with 12 one in fifty
const GRAM_DENSE = 4; // the same for scripts of which a letter says more
const SHORTEST_DENSE = 6;
const NEAR_ENOUGH = 0.6; // of the quote's letters
const TRIED = 40; // places per stretch: a page of dots has thousands

/**
 * The letters of a text as they are compared (compatibility forms taken apart, no case, no accents), and where each stands in it.
 * @param {string} text
 * @returns {{letters: string, places: number[]}}
 */
export function fold(text) {
  const letters = [];
  const places = [];
  let at = 0;
  for (const sign of text) {
    for (const folded of plain(sign)) {
      letters.push(folded);
      places.push(at);
    }
    at += sign.length;
  }
  return { letters: inOneOrder(letters).join(""), places };
}

const known = new Map();

/** The code units that stand for one sign of a text. @param {string} sign */
function plain(sign) {
  if (!known.has(sign)) known.set(sign, takenApart(sign));
  return known.get(sign);
}

/** Through upper case, for ß is ss and the final sigma is a sigma. */
function takenApart(sign) {
  const parts = sign.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD");
  return [...parts].filter((part) => LETTER.test(part) && !PASSED_OVER.test(part)).flatMap((part) => part.split(""));
}

/** Programs disagree whether lam or alef comes first in the sign that joins them: here alef always does. @param {string[]} letters */
function inOneOrder(letters) {
  for (let start = 0; start < letters.length; start += 1) {
    let end = start;
    while (letters[end] === LAM || letters[end] === ALEF) end += 1;
    if (end - start > 1) letters.splice(start, end - start, ...letters.slice(start, end).sort());
    start = Math.max(start, end - 1);
  }
  return letters;
}

/**
 * Every place where the letters of a quote stand in a text, whatever white space, hyphens and punctuation lie between them.
 * @param {string} text
 * @param {string} quote
 * @returns {[number, number][]} spans of `text`, the quote's own punctuation at both ends included where the text has it too
 */
export function findQuote(text, quote) {
  const wanted = fold(quote).letters;
  const page = fold(text);
  const spans = [];
  for (let at = wanted ? page.letters.indexOf(wanted) : -1; at >= 0; at = page.letters.indexOf(wanted, at + wanted.length)) {
    spans.push(withMarks(text, quote, spanOf(text, page.places, at, wanted.length)));
  }
  return spans;
}

/**
 * What comes closest to a quote that does not stand in a text as a whole: their longest common stretches, cut to whole words.
 * @param {string} text
 * @param {string} quote
 * @returns {[number, number][]} spans of `text` in order; none where most of the quote is not there
 */
export function findNear(text, quote) {
  const wanted = fold(quote).letters;
  const page = fold(text);
  const isDense = HAN_OR_KANA.test(quote);
  const stretches = commonStretches(page.letters, wanted, isDense ? GRAM_DENSE : GRAM, isDense ? SHORTEST_DENSE : SHORTEST);
  const found = stretches.reduce((sum, { length }) => sum + length, 0);
  if (found < wanted.length * NEAR_ENOUGH) return [];
  const spans = stretches.map(({ at, length }) => wholeWords(text, spanOf(text, page.places, at, length)));
  return spans.filter(([start, end]) => start < end).sort(([a], [b]) => a - b);
}

/**
 * Where a quote stands, or what comes closest to it.
 * @param {string} text
 * @param {string} quote "" for none
 * @param {number} nth of its places, from 0
 * @returns {{how: "" | "found" | "near" | "missing", spans: [number, number][]}}
 */
export function look(text, quote, nth) {
  if (!quote) return { how: "", spans: [] };
  const found = findQuote(text, quote);
  if (found.length) return { how: "found", spans: [found[Math.min(nth, found.length - 1)]] };
  const near = findNear(text, quote);
  return { how: near.length ? "near" : "missing", spans: near };
}

/**
 * Every place of some words as a person types them: a space is any white space or punctuation, and letters are compared as in `fold`.
 * @param {string} text
 * @param {string} query
 * @returns {[number, number][]}
 */
export function findWords(text, query) {
  const wanted = spaced(query).letters.trim();
  const page = spaced(text);
  const spans = [];
  for (let at = wanted ? page.letters.indexOf(wanted) : -1; at >= 0; at = page.letters.indexOf(wanted, at + wanted.length)) {
    spans.push(spanOf(text, page.places, at, wanted.length));
  }
  return spans;
}

/** Folded letters with one space for what lies between words; none where a hyphen broke a word at a line's end, or between two Han signs. */
function spaced(text) {
  const whole = text.replace(/([\p{L}])[-\u00ad\u2010\ufffe]\n(?=\p{Ll})/gu, "$1\u0640\u0640"); // signs that `fold` leaves out, as many
  const { letters, places } = fold(whole);
  let out = "";
  const at = [];
  for (let n = 0; n < letters.length; n += 1) {
    if (n > 0 && isBreak(whole, places[n - 1], places[n])) {
      out += " ";
      at.push(places[n]);
    }
    out += letters[n];
    at.push(places[n]);
  }
  return { letters: out, places: at };
}

/** Whether something that parts words lies between the signs at two places. */
function isBreak(text, from, to) {
  if (to - from <= 1) return false;
  const between = text.slice(from, to).replace(/^./su, "");
  const parts = [...between].some((sign) => !LETTER.test(sign) && sign !== "\u00ad");
  return parts && !(/^\s+$/.test(between) && HAN_OR_KANA.test(text[from]) && HAN_OR_KANA.test(text[to]));
}

/** The span of `length` folded letters from the one at `at` on. */
function spanOf(text, places, at, length) {
  const last = places[at + length - 1];
  let end = last + String.fromCodePoint(text.codePointAt(last)).length;
  while (end < text.length && PASSED_OVER.test(text[end])) end += 1;
  return [places[at], end];
}

/** The span with the quote's own signs before its first and after its last letter, as far as the text has the same. */
function withMarks(text, quote, [start, end]) {
  const opening = [...quote.match(/^[^\p{L}\p{M}\p{N}]*/u)[0].replace(/\s/g, "")].reverse();
  const closing = [...quote.match(/[^\p{L}\p{M}\p{N}]*$/u)[0].replace(/\s/g, "")];
  const near = 2 * quote.length;
  const before = text
    .slice(Math.max(0, start - near), start)
    .split("")
    .reverse();
  return [start - signs(before, opening), end + signs(text.slice(end, end + near).split(""), closing)];
}

/** How far into `found` the signs that are wanted go, white space between them passed over. */
function signs(found, wanted) {
  let [far, at] = [0, 0];
  for (const sign of wanted) {
    while (/\s/.test(found[at] ?? "")) at += 1;
    if (found[at] !== sign) break;
    at += sign.length;
    far = at;
  }
  return far;
}

/** The longest stretches of `wanted`, in order, that stand in `letters`; each as long as it goes. */
function commonStretches(letters, wanted, gram, shortest) {
  const places = new Map();
  for (let at = 0; at + gram <= letters.length; at += 1) {
    const key = letters.slice(at, at + gram);
    if (!places.has(key)) places.set(key, []);
    if (places.get(key).length < TRIED) places.get(key).push(at);
  }
  const stretches = [];
  for (let from = 0, last = 0; from + gram <= wanted.length; ) {
    const tried = places.get(wanted.slice(from, from + gram)) ?? [];
    const longest = longestOf(
      tried.map((at) => ({ at, length: commonLength(letters, at, wanted, from) })),
      last,
    );
    const isLong = longest.length >= shortest;
    if (isLong) stretches.push(longest);
    if (isLong) last = longest.at + longest.length;
    from += isLong ? longest.length : 1;
  }
  return stretches;
}

/** The longest, and of several the nearest to where the last one ended. */
function longestOf(stretches, last) {
  const nearer = (a, b) => b.length - a.length || Math.abs(a.at - last) - Math.abs(b.at - last);
  return stretches.sort(nearer)[0] ?? { at: 0, length: 0 };
}

function commonLength(letters, at, wanted, from) {
  let length = 0;
  while (from + length < wanted.length && letters[at + length] === wanted[from + length]) length += 1;
  return length;
}

/** The span without the halves of words at its ends. */
function wholeWords(text, [start, end]) {
  let [first, last] = [start, end];
  const isLetter = (sign) => sign !== undefined && LETTER.test(sign) && !HAN_OR_KANA.test(sign);
  if (isLetter(text[first]) && isLetter(text[first - 1])) while (first < last && isLetter(text[first])) first += 1;
  if (isLetter(text[last - 1]) && isLetter(text[last])) while (last > first && isLetter(text[last - 1])) last -= 1;
  while (first < last && !isLetter(text[first]) && !HAN_OR_KANA.test(text[first])) first += 1;
  while (last > first && !isLetter(text[last - 1]) && !HAN_OR_KANA.test(text[last - 1])) last -= 1;
  return [first, last];
}
