// Elements of HTML, SVG and MathML, made one way; and how a number is written.

const SVG = "http://www.w3.org/2000/svg";
const MATHML = "http://www.w3.org/1998/Math/MathML";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/// An element of HTML: el("p", {class: "note"}, "text", el("b", {}, "more")). "on…" are listeners.
export function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/// The same of SVG.
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/// The same of MathML.
export function mathml(tag, attributes, ...children) {
  return fill(document.createElementNS(MATHML, tag), attributes, children);
}

/// Puts children in the place of all that an element had.
export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
}

/// A number in so many significant digits, as short as it goes, with a true minus sign.
export function short(value, digits = 4) {
  if (typeof value === "string") return value.replace("Infinity", "∞");
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  const text =
    magnitude >= 1e6 || magnitude < 1e-4
      ? value.toExponential(digits - 1).replace(/\.?0+e/, "e")
      : String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

/// A number in a circle: two digits, and no more room than they need.
export function compact(value) {
  const text = short(value, 2);
  return text.length <= 6 ? text : short(Number(value.toExponential(0)), 1).replace(/^(−?)0\.0{3,}(\d)$/, () => value.toExponential(0).replaceAll("-", "−"));
}

/// All digits of a number: the shortest text that reads back to it.
export function full(value) {
  return value === null || value === undefined ? "–" : String(value);
}

/// A number as it is read out: "plus 0.0088".
export function spoken(value, words) {
  if (typeof value !== "number") return String(value ?? "–");
  return `${value < 0 ? words.minus : words.plus} ${short(Math.abs(value))}`;
}

/// A table: heads, rows of texts or elements; the first cell of a row heads it.
export function table(caption, heads, rows, attributes = {}) {
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", attributes,
      el("caption", {}, caption),
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell, index) =>
        index === 0 ? el("th", { scope: "row" }, cell) : el("td", {}, cell)))))));
}

/// The sum of the magnitudes, and the largest.
export function largest(values) {
  let most = 0;
  for (const value of values) {
    const magnitude = Math.abs(value);
    if (magnitude > most) most = magnitude;
  }
  return most;
}
