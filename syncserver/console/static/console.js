// What the console does better with a script. Everything works without it.
"use strict";

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
});
// The page may come back from the browser's memory, with its forms as they were.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "/") {
    const box = document.getElementById("search-box");
    if (box) { event.preventDefault(); box.focus(); }
    return;
  }
  // On a page with a list: j and k go down and up, Enter opens, and each row or page may have keys of its own.
  const rows = [...document.querySelectorAll("[data-rows] [data-row]")];
  const at = rows.findIndex((row) => row.classList.contains("here"));
  if (rows.length && (event.key === "j" || event.key === "k")) {
    const next = Math.min(rows.length - 1, Math.max(0, event.key === "j" ? at + 1 : at - 1));
    rows.forEach((row, place) => row.classList.toggle("here", place === next));
    const link = rows[next].querySelector("a");
    if (link) link.focus();
    rows[next].scrollIntoView({ block: "nearest" });
    event.preventDefault();
    return;
  }
  const named = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (named) { event.preventDefault(); named.tagName === "A" ? named.click() : named.focus(); }
});
