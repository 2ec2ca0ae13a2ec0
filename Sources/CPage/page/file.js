// The page as one file: the step that it holds is all there is.

import { el } from "./dom.js";
import { shell } from "./shell.js";
import { begin, follow, now } from "./state.js";
import { StepView } from "./step.js";
import { useLanguage } from "./words.js";

const page = JSON.parse(document.getElementById("page-data").textContent);
begin({ lang: page.language });
useLanguage(now().lang);
const frame = shell();
const root = el("div", { class: "view" });
frame.main.append(root);
const view = new StepView(root, {
  page,
  nudges: async (l, j) => {
    const layer = page.nudges?.find((each) => each.layer === l);
    return layer?.losses[j] ? { changes: layer.changes, losses: layer.losses[j] } : null;
  },
  setWeight: null,
});
follow(() => {
  useLanguage(now().lang);
  frame.draw();
  view.draw();
});
