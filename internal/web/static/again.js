// Loads a list anew every few seconds, as the page does without script, but not
// while somebody types into it, nor while nobody can see it.
(() => {
  "use strict";
  const every = Number(document.currentScript.dataset.every) * 1000;
  const typing = () => [...document.querySelectorAll("input:not([type=hidden]), textarea")].some((e) => e === document.activeElement || e.value !== e.defaultValue);
  setInterval(() => { if (!document.hidden && !typing()) location.reload(); }, every);
})();
