// Keys of the queue of flagged payments, and a bulk decision that goes on by itself. Everything works without it.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const place = { a: "#approve", r: "#reject" }[event.key];
  const link = document.querySelector("[data-rows] [data-row].here a");
  if (place && link) { event.preventDefault(); window.location.assign(link.href + place); }
});
window.addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector("[data-go-on]");
  if (button && !document.querySelector(".wrong")) button.click();
});
