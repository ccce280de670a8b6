// Says that a form is on its way, and takes a second press for the first one while
// it is. The server does no thing twice without script either.
(() => {
  "use strict";
  const text = document.currentScript.dataset.busy;
  const rest = (form) => { delete form.dataset.sent; for (const said of form.querySelectorAll("[data-sending]")) said.remove(); };
  document.addEventListener("submit", (e) => {
    const form = e.target, by = e.submitter;
    if (form.method !== "post" || by && by.formTarget === "_blank") return;
    if (form.dataset.sent) { e.preventDefault(); return; }
    if (e.defaultPrevented) return;
    form.dataset.sent = "1";
    const said = document.createElement("span");
    said.className = "hint";
    said.setAttribute("role", "status");
    said.dataset.sending = "";
    (by || form.lastElementChild).after(said);
    setTimeout(() => { said.textContent = text; }, 300); // what is quick needs no words
    setTimeout(() => rest(form), 20000); // the answer may be a file, and the page stays
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(rest));
})();
