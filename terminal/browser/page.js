// The till has the keys as soon as it is drawn, and again wherever somebody clicks.
window.addEventListener("load", () => {
  const focus = () => document.querySelector(".xterm-helper-textarea")?.focus();
  new MutationObserver(focus).observe(document.body, { attributeFilter: ["class"] });
  document.getElementById("terminal").addEventListener("click", focus);
});
