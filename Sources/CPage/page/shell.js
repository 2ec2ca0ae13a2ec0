// What every page has around its views: title, language, light or dark.

import { el, replace } from "./dom.js";
import { change, now } from "./state.js";
import { t } from "./words.js";

/// Makes header and main of the page: {main, tabs, draw()}.
export function shell() {
  const title = el("h1");
  const language = el("button", { type: "button", "data-action": "language", onclick: () => change({ lang: now().lang === "en" ? "ko" : "en" }) });
  const theme = el("button", { type: "button", "data-action": "theme", onclick: () => change({ theme: isDark() ? "light" : "dark" }) });
  const tabs = el("nav", { class: "tabs" });
  const main = el("main");
  const isDark = () => (now().theme ? now().theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  document.body.append(el("header", {}, title, tabs, el("span", { class: "choices" }, language, theme)), main);
  return {
    main, tabs,
    draw() {
      title.textContent = t("title");
      document.title = t("title");
      language.textContent = t("language");
      language.setAttribute("aria-label", t("languageLabel"));
      theme.textContent = isDark() ? t("light") : t("dark");
      document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    },
    /// Buttons for views: [[id, text]].
    showTabs(views) {
      // The buttons stay, or the one that was pressed would lose the focus.
      if (tabs.children.length === 0) {
        replace(tabs, views.map((id) => el("button", { type: "button", "data-view": id, onclick: () => change({ view: id }) })));
      }
      for (const button of tabs.children) {
        button.textContent = t(button.dataset.view);
        if (button.dataset.view === now().view) button.setAttribute("aria-current", "page");
        else button.removeAttribute("aria-current");
      }
    },
  };
}
