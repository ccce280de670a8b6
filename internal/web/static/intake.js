// Helps with a form that is being filled in: keeps it by itself, and says of an
// identity number, as it is typed, what it tells or what is wrong with it. Without
// script the buttons keep the form, and the server says the same.
(() => {
  "use strict";
  const form = document.getElementById("intake");
  const state = document.getElementById("state");
  const text = form.dataset;
  const half = (s) => s.normalize("NFKC").replace(/[\s-]/g, "").toUpperCase();

  function known(number) {
    if (!/^\d{17}[\dX]$/.test(number)) return number.length >= 18 ? text.length : "";
    const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const sum = weights.reduce((total, w, i) => total + w * Number(number[i]), 0);
    if ("10X98765432"[sum % 11] !== number[17]) return text.check;
    const born = `${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`;
    const age = Number(text.today.slice(0, 4)) - Number(born.slice(0, 4)) - (text.today.slice(5) < born.slice(5) ? 1 : 0);
    return text.known.replace("{0}", born).replace("{1}", Number(number[16]) % 2 ? text.male : text.female).replace("{2}", String(age));
  }

  form.addEventListener("input", (e) => {
    if (!e.target.classList.contains("idcard")) return;
    const number = half(e.target.value);
    const said = e.target.closest(".person").querySelector(".known");
    said.textContent = known(number);
    said.classList.toggle("wrong", said.textContent === text.check || said.textContent === text.length);
  });

  let waits = 0;
  async function keep() {
    const body = new URLSearchParams(new FormData(form));
    body.set("do", "save");
    try {
      const answer = await fetch(form.action, { method: "POST", body, redirect: "error" });
      if (answer.status !== 204) throw new Error(String(answer.status));
      state.textContent = text.saved;
    } catch {
      state.textContent = text.lost;
    }
  }
  form.addEventListener("input", () => {
    state.textContent = "";
    clearTimeout(waits);
    waits = setTimeout(keep, 3000);
  });
  form.addEventListener("submit", () => clearTimeout(waits));
  const problems = document.getElementById("problems");
  if (problems) problems.focus();
})();
