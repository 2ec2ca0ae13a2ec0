// What is seen is a function of the state, and the state is the fragment of the address: a link restores it.

const defaults = { view: "step", p: "", n: "", w: "", c: "auto", x: "0", open: "", rows: "", lang: "en", theme: "" };
const listeners = [];
let state = { ...defaults };

function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  state = { ...defaults };
  for (const key of Object.keys(defaults)) if (given.has(key)) state[key] = given.get(key);
}

/// The state as it is; it is changed by `change` alone.
export function now() {
  return state;
}

/// Takes over some values, writes the fragment and tells everybody.
export function change(values) {
  const next = { ...state, ...values };
  const fragment = new URLSearchParams(Object.entries(next).filter(([key, value]) => value !== defaults[key]));
  state = next;
  history.replaceState(null, "", `#${fragment.toString().replaceAll("%3A", ":").replaceAll("%2C", ",")}`);
  listeners.forEach((listener) => listener(state));
}

/// Calls back at once, and whenever the state is another.
export function follow(listener) {
  listeners.push(listener);
  listener(state);
}

/// Begins with the fragment, or where it says nothing with some values.
export function begin(values) {
  Object.assign(defaults, values);
  read();
  addEventListener("hashchange", () => {
    read();
    listeners.forEach((listener) => listener(state));
  });
}
