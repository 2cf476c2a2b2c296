// Owns how elements are made. Data becomes text or an attribute, never markup, so nothing that the API says can act on the page.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Attributes that are null, undefined or false are left out; functions listen to the event of that name. */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function s(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** The element with this id, which is in the page from the start. */
export function byId(id) {
  return document.getElementById(id);
}

/** Sets the text, and leaves the page alone when it is that already. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute, or removes it for null. */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Puts these children into the element, unless `signature` says that they are those it has. */
export function setChildren(element, signature, make) {
  if (element.dataset.signature === signature) return;
  element.replaceChildren(...[make()].flat());
  element.dataset.signature = signature;
}

const rowsOf = new WeakMap();

/**
 * Makes the children of `parent` those of `items`, in this order. An item that was there keeps its element, and with it the
 * focus; when the focused one goes, the heading of its section gets the focus, so that the keyboard is not back at the top.
 */
export function keyed(parent, items, keyOf, create, update) {
  const known = rowsOf.get(parent) ?? new Map();
  rowsOf.set(parent, known);
  const wanted = new Map(items.map((item) => [keyOf(item), item]));
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  for (const [key, element] of known) {
    if (wanted.has(key)) continue;
    element.remove();
    known.delete(key);
  }
  let next = parent.firstElementChild;
  for (const [key, item] of wanted) {
    const element = known.get(key) ?? create(item);
    known.set(key, element);
    update(element, item);
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
  if (focused && document.activeElement !== focused) {
    const heir = focused.isConnected ? focused : parent.closest("section")?.querySelector("h2");
    heir?.focus({ preventScroll: true });
  }
}

/** Tells who cannot see the page what has changed. */
export function announce(text) {
  setText(byId("announcements"), text);
}
