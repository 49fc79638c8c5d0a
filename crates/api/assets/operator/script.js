// Fetches again what is on the screen, while somebody looks at it. The page is whole without it.
(() => {
  "use strict";

  const EVERY = 2000;
  const SLOWEST = 30000;

  const live = document.getElementById("live");
  if (!live) return;
  const controls = document.getElementById("live-controls");
  const state = document.getElementById("live-state");
  const button = document.getElementById("live-pause");
  const said = document.getElementById("said");

  let stopped = false;
  let wait = EVERY;
  let timer;
  let last;

  const say = (text) => {
    if (said.textContent !== text) said.textContent = text;
  };
  // What to a reader is the same place in the old and the new text.
  const place = (element) => element.id || element.getAttribute("href") || "";
  const selects = () => {
    const selection = getSelection();
    return selection.rangeCount > 0 && !selection.isCollapsed && live.contains(selection.anchorNode);
  };

  // Keeps the focus and how far tables are scrolled.
  const replace = (text) => {
    const focused = live.contains(document.activeElement) ? place(document.activeElement) : "";
    const scrolled = [...live.querySelectorAll(".scroll")].map((box) => [box.id, box.scrollLeft]);
    const fresh = new DOMParser().parseFromString(text, "text/html");
    live.replaceChildren(...fresh.body.childNodes);
    for (const [id, left] of scrolled) {
      const box = id && document.getElementById(id);
      if (box) box.scrollLeft = left;
    }
    if (focused) {
      const again = [...live.querySelectorAll("a, button, .scroll")].find((one) => place(one) === focused);
      if (again) again.focus({ preventScroll: true });
    }
    const about = live.querySelector("[data-say]");
    if (about) say(about.dataset.say);
  };

  const refresh = async () => {
    let answer;
    try {
      answer = await fetch(live.dataset.live, { redirect: "manual", signal: AbortSignal.timeout(10000) });
    } catch {
      answer = null;
    }
    if (answer && answer.ok) {
      const text = await answer.text();
      if (text !== last && !stopped && !selects()) {
        replace(text);
        last = text;
      }
      wait = EVERY;
      state.textContent = "Updated every 2 seconds.";
      if (live.querySelector("[data-over]")) return finish("This does not change any more.");
    } else if (answer && answer.type === "opaqueredirect") {
      return finish("Your session has ended: load the page again to sign in.");
    } else if (answer && answer.status === 404) {
      return finish("It is no longer there: load the page again.");
    } else {
      wait = Math.min(wait * 2, SLOWEST);
      state.textContent = "No answer: the numbers are old.";
    }
    next();
  };

  const next = () => {
    clearTimeout(timer);
    if (!stopped && !document.hidden) timer = setTimeout(refresh, wait);
  };

  const finish = (words) => {
    stopped = true;
    button.hidden = true;
    state.textContent = words;
    say(words);
  };

  button.addEventListener("click", () => {
    stopped = !stopped;
    button.textContent = stopped ? "Go on updating" : "Stop updating";
    state.textContent = stopped ? "Not updated." : "Updated every 2 seconds.";
    next();
  });
  document.addEventListener("visibilitychange", next);
  controls.hidden = false;
  if (live.querySelector("[data-over]")) {
    finish("This does not change any more.");
    said.textContent = "";
  } else {
    next();
  }
})();
