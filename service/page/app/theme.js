/** Light or dark: as the system says, until somebody chooses. */

import { h, fill } from "./dom.js";
import { icon } from "./icons.js";

const NAME = "ctvos.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const chosen = localStorage.getItem(NAME);
  return chosen ? chosen === "dark" : system.matches;
}

export function themeButton() {
  const button = h("button", { type: "button", class: "icon-button", onclick: toggle });
  function apply() {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    fill(button, icon(isDark() ? "sun" : "moon"));
    button.setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours");
    button.title = button.getAttribute("aria-label");
    document.dispatchEvent(new Event("theme-changed"));
  }
  function toggle() {
    localStorage.setItem(NAME, isDark() ? "light" : "dark");
    apply();
  }
  system.addEventListener("change", apply);
  apply();
  return button;
}
