/** The page: which view the address asks for. */

import { askForKey, showHelp } from "./dialogs.js";
import { fill, h, isTyping } from "./dom.js";
import { icon } from "./icons.js";
import { notifyError } from "./notices.js";
import { themeButton } from "./theme.js";
import { openDraft } from "./views/draft_view.js";
import { openJob } from "./views/job_view.js";
import { openJobs } from "./views/jobs_view.js";
import { openNew } from "./views/new_view.js";
import { openTraining } from "./views/training_view.js";

const ROUTES = [
  [/^#?\/?$/, "new", openNew],
  [/^#\/drafts\/(\w+)$/, "new", openDraft],
  [/^#\/jobs$/, "jobs", openJobs],
  [/^#\/jobs\/(\w+)$/, "jobs", openJob],
  [/^#\/training$/, "training", openTraining],
];
const main = document.getElementById("main");
let current = null;
let path = null;

async function route() {
  const [wanted, query = ""] = location.hash.split("?");
  if (wanted === path) return;
  if (current?.isUnsaved?.() && !confirm("What you have drawn is not sent yet. Leave it?")) {
    history.replaceState(null, "", path);
    return;
  }
  path = wanted;
  current?.close?.();
  current = null;
  const [pattern, page, open] = ROUTES.find(([known]) => known.test(wanted)) ?? ROUTES[0];
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  try {
    const view = await open(pattern.exec(wanted)?.[1], new URLSearchParams(query));
    if (path !== wanted) return view.close?.();
    current = view;
    document.title = `${view.title} – ctvos`;
    fill(main, view.element);
    document.body.classList.toggle("fills-window", Boolean(view.fillsWindow));
  } catch (error) {
    notifyError(error);
    path = error.status === 401 ? null : path;
    fill(
      main,
      h(
        "div",
        { class: "empty" },
        h("h1", { text: "This cannot be shown" }),
        h("p", { text: error.message }),
        h("p", {}, h("a", { href: "#/jobs", text: "All jobs" })),
      ),
    );
    document.body.classList.remove("fills-window");
  }
}

function reopen() {
  path = null;
  route();
}

function button(name, label, action) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: action },
    icon(name),
  );
}

async function changeKey(reason) {
  if (document.querySelector("dialog[open]")) return;
  if (await askForKey(reason)) reopen();
}

document.getElementById("top-tools").append(
  h("a", { href: "/docs", class: "quiet", text: "API" }),
  button("key", "API key", () => changeKey()),
  button("help", "Keyboard shortcuts (?)", showHelp),
  themeButton(),
);
document.addEventListener("key-needed", (event) => changeKey(event.detail));
document.addEventListener("keydown", (event) => {
  if (event.key === "?" && !isTyping(event.target)) showHelp();
});
addEventListener("hashchange", route);
addEventListener("beforeunload", (event) => current?.isUnsaved?.() && event.preventDefault());
route();
