// Keeps the moving part of a case's page as the case is. It asks with the revision
// that is shown and gets an answer when there is another one. Only a page that can
// be seen asks: a browser has few connections. Without script the page reloads.
(() => {
  "use strict";
  const lost = document.getElementById("lost");
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const seen = async () => { while (document.hidden) await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true })); };
  const key = (e) => e.id || e.getAttribute("href") || (e.parentElement && e.parentElement.id);

  function replace(old, text) {
    const next = new DOMParser().parseFromString(text, "text/html").getElementById("moving");
    if (!next) throw new Error("not a case");
    const at = old.contains(document.activeElement) ? key(document.activeElement) : "";
    const scrolled = [...old.querySelectorAll(".wide")].map((e) => [e.id, e.scrollLeft]);
    for (const open of old.querySelectorAll("details[open]")) {
      const same = next.querySelector(`[id="${open.id}"]`);
      if (same) same.open = true;
    }
    for (const picked of old.querySelectorAll("input:checked")) { // a reason being chosen
      const same = next.querySelector(`[id="${picked.id}"]`);
      if (same) same.checked = true;
    }
    old.replaceWith(next);
    for (const [id, left] of scrolled) if (document.getElementById(id)) document.getElementById(id).scrollLeft = left;
    const focus = at && [...next.querySelectorAll("a, button, input, summary, [tabindex]")].find((e) => key(e) === at);
    if (focus) focus.focus({ preventScroll: true });
  }

  async function ask(now) {
    const ended = new AbortController();
    const hide = () => document.hidden && ended.abort();
    const late = setTimeout(() => ended.abort(), 40000);
    document.addEventListener("visibilitychange", hide);
    const begun = Date.now();
    try {
      const answer = await fetch(`${now.dataset.live}&seen=${encodeURIComponent(now.dataset.rev)}`, { signal: ended.signal });
      if (answer.status === 200) replace(now, await answer.text());
      else if (answer.status === 401 || answer.status === 403) location.reload(); // the session is over: to the sign-in page, and back; or the right is gone: what is shown goes too
      else if (answer.status !== 204 || Date.now() - begun < 1000) throw new Error(`status ${answer.status}`);
    } finally {
      clearTimeout(late);
      document.removeEventListener("visibilitychange", hide);
    }
  }

  (async () => {
    for (let wait = 50; ; await sleep(wait)) {
      await seen();
      const now = document.getElementById("moving");
      if (!now.dataset.live) return;
      try {
        await ask(now);
        wait = 50;
        lost.textContent = "";
      } catch {
        if (document.hidden) continue;
        wait = Math.min(Math.max(2 * wait, 500), 30000);
        lost.textContent = lost.dataset.text;
      }
    }
  })();
})();
