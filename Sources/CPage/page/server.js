// The studio's server: questions, changes, and the stream of events.

import { t } from "./words.js";

const token = document.querySelector('meta[name="studio-token"]')?.content ?? "";
const listeners = new Set();

async function answered(response) {
  const text = await response.text();
  const document = text ? JSON.parse(text) : {};
  if (!response.ok) throw new Error(document.error ?? `${response.status}`);
  return document;
}

/// The answer to a question: ask("step", {rows: "1,2"}).
export async function ask(name, values = {}) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== undefined && value !== ""));
  return answered(await fetch(`/api/${name}?${query}`, { headers: { "X-Studio-Token": token } }));
}

/// The address of a file that the server makes.
export function fileAddress(name) {
  return `/api/${name}?token=${encodeURIComponent(token)}`;
}

/// Changes something.
export async function order(name, body, query = {}) {
  const isFile = body instanceof Blob;
  return answered(await fetch(`/api/${name}?${new URLSearchParams(query)}`, {
    method: "POST", body: isFile ? body : JSON.stringify(body),
    headers: { "X-Studio-Token": token, "Content-Type": isFile ? "application/octet-stream" : "application/json" },
  }));
}

let source = null;

/// Listens to the events of the run from its start; calls back with each, and with {event: "lost"} and {event: "found"}.
export function listen(listener) {
  listeners.add(listener);
  if (!source) connect();
  return () => listeners.delete(listener);
}

function tell(event) {
  listeners.forEach((listener) => listener(event));
}

/// Begins to listen anew: the bench is another.
export function connect() {
  source?.close();
  source = new EventSource(fileAddress("events"));
  source.onopen = () => tell({ event: "found" });
  source.onerror = () => {
    tell({ event: "lost" });
    // A browser does not try again by itself after a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
  source.onmessage = (message) => {
    const events = JSON.parse(message.data);
    // Of what has been missed only the last status is still true.
    const last = events.findLastIndex((event) => event.event === "status");
    events.filter((event, at) => event.event !== "status" || at === last).forEach(tell);
  };
}

/// Shows what went wrong in an element.
export function showError(element, error) {
  element.textContent = error ? `${t("error")}: ${error.message ?? error}` : "";
  element.hidden = !error;
}
