// Keeps the line about the link to the parent node as the link is, on any page that
// stays open. Without script the line is as of when the page was loaded.
(() => {
  "use strict";
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  (async () => {
    for (;;) {
      await sleep(5000);
      const now = document.getElementById("apart");
      if (!now || document.hidden) continue;
      try {
        const answer = await fetch(now.dataset.from);
        if (answer.status !== 200) continue;
        const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("apart");
        if (next && next.innerHTML !== now.innerHTML) now.replaceChildren(...next.childNodes);
      } catch { /* this node itself is away; it is asked again */ }
    }
  })();
})();
