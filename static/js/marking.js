const BLOCKS = "address, article, div, h1, h2, h3, h4, h5, h6, li, p, pre, section, table, td, th, tr";

/**
 * The text below an element as one string, a line's end where it has one, and where each text node begins in it.
 * @param {HTMLElement} root
 * @returns {{text: string, nodes: {node: Text, start: number}[]}}
 */
export function readText(root) {
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  const nodes = [];
  let text = "";
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (node.nodeType === Node.TEXT_NODE) {
      nodes.push({ node, start: text.length });
      text += node.data;
    } else if (node.tagName === "BR" || node.matches(BLOCKS)) {
      text += "\n";
    }
  }
  return { text, nodes };
}

/**
 * Put the parts of a text that `readText` gave into <mark> elements.
 * @param {{nodes: {node: Text, start: number}[]}} reading is of no use afterwards
 * @param {[number, number][]} spans
 * @param {string} kind the class of the marks
 * @returns {HTMLElement[][]} the marks of each part, in order; parts that touch are one
 */
export function mark({ nodes }, spans, kind) {
  return merged(spans)
    .toReversed() // a node keeps what stands before a mark in it
    .map(([first, last]) => {
      const marks = nodes
        .toReversed()
        .map(({ node, start }) => ({ node, from: Math.max(first - start, 0), to: Math.min(last - start, node.data.length) }))
        .filter(({ from, to }) => from < to)
        .map(({ node, from, to }) => wrap(node, from, to, kind));
      return marks.reverse();
    })
    .reverse();
}

/** Take the marks of a kind out again. @param {HTMLElement} root @param {string} kind */
export function unmark(root, kind) {
  for (const found of root.querySelectorAll(`mark.${kind}`)) {
    const parent = found.parentNode;
    found.replaceWith(...found.childNodes);
    parent.normalize();
  }
}

function wrap(node, from, to, kind) {
  const inside = node.splitText(from);
  inside.splitText(to - from);
  const wrapped = document.createElement("mark");
  wrapped.className = kind;
  inside.replaceWith(wrapped);
  wrapped.append(inside);
  return wrapped;
}

function merged(spans) {
  const ordered = spans.toSorted(([a], [b]) => a - b);
  return ordered.reduce((kept, [start, end]) => {
    const before = kept.at(-1);
    if (before && start <= before[1]) before[1] = Math.max(before[1], end);
    else kept.push([start, end]);
    return kept;
  }, []);
}
