/** Elements in one expression. */

/**
 * @param {string} tag
 * @param {Object} props attributes; `onclick` and the like are listeners; `class`, `text`; true and
 *   false set or leave out an attribute; null is left out.
 * @param {...(Node|string|null|Array)} children
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "text") element.textContent = value;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Replace all that is in an element. */
export function fill(element, ...children) {
  element.replaceChildren(
    ...children.flat().filter((child) => child !== null && child !== undefined),
  );
  return element;
}

/** Tell those who cannot see what has changed. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** Whether keys that are typed now are text. */
export function isTyping(target) {
  return (
    target.closest?.(
      "input:not([type=range]):not([type=checkbox]):not([type=radio]):not([type=color]), textarea, select, dialog",
    ) != null
  );
}
