// Says how many new ads match while somebody looks at the results. Without it the
// page says nothing of them; a page that is not seen holds no line open.
"use strict";
const said = document.querySelector("[data-live]");
let line = null, place = "", before = 0, now = 0;

function listen() {
  if (line || document.hidden) return;
  before += now;
  now = 0;
  line = new EventSource(said.dataset.live + (place && "?after=" + place));
  line.onmessage = (e) => {
    place = e.lastEventId || place;
    if (Number(e.data) === now) return;
    now = Number(e.data);
    const n = before + now, a = document.createElement("a");
    a.href = said.dataset.show;
    a.textContent = "Show the newest";
    said.className = "note";
    said.replaceChildren(n === 1 ? "1 new ad matches. " : n + " new ads match. ", a);
  };
  line.onerror = hush;
}

function hush() {
  if (line) line.close();
  line = null;
}

document.addEventListener("visibilitychange", () => document.hidden ? hush() : listen());
window.addEventListener("pagehide", hush);
listen();
