// Asks the browser for a passkey, or has it make one, and sends the answer as a form.
// Where the browser has no passkeys the buttons stay hidden.
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const list = (all) => (all || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function get(options) {
    const key = options.publicKey;
    const c = await navigator.credentials.get({ publicKey: { ...key, challenge: bytes(key.challenge), allowCredentials: list(key.allowCredentials) } });
    const r = c.response;
    return { id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: {}, authenticatorAttachment: c.authenticatorAttachment || undefined,
      response: { authenticatorData: text(r.authenticatorData), clientDataJSON: text(r.clientDataJSON), signature: text(r.signature), userHandle: r.userHandle ? text(r.userHandle) : "" } };
  }

  async function create(options) {
    const key = options.publicKey;
    const c = await navigator.credentials.create({ publicKey: { ...key, challenge: bytes(key.challenge), user: { ...key.user, id: bytes(key.user.id) }, excludeCredentials: list(key.excludeCredentials) } });
    const r = c.response;
    return { id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: {}, authenticatorAttachment: c.authenticatorAttachment || undefined,
      response: { attestationObject: text(r.attestationObject), clientDataJSON: text(r.clientDataJSON), transports: r.getTransports ? r.getTransports() : [] } };
  }

  for (const form of window.PublicKeyCredential ? document.querySelectorAll("form[data-passkey]") : []) {
    const said = form.querySelector("[data-failed]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.disabled = true;
      said.textContent = "";
      try {
        const answer = await fetch(form.dataset.options, { method: "POST" });
        if (answer.status !== 200) throw new Error(`status ${answer.status}`);
        const credential = await (form.dataset.passkey === "get" ? get : create)(await answer.json());
        form.elements.response.value = JSON.stringify(credential);
        form.submit();
      } catch {
        said.textContent = said.dataset.failed;
        button.disabled = false;
      }
    });
  }
})();
