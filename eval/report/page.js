"use strict";
(() => {
  const data = JSON.parse(document.getElementById("cases").textContent);
  const list = document.getElementById("list"), view = document.getElementById("view"), search = document.getElementById("search"), shown = document.getElementById("shown");
  const filters = {
    all: () => true,
    lost: (c) => c.kind === "lost",
    won: (c) => c.kind === "won",
    recovered: (c) => c.recovered,
    missing: (c) => c.kind === "missing",
  };
  let filter = data.some((c) => c.kind === "lost") ? "lost" : "all", rows = [], at = 0;

  const make = (tag, text, cls) => {
    const e = document.createElement(tag);
    if (text !== undefined) e.textContent = text; // never innerHTML: all of this was written by models
    if (cls) e.className = cls;
    return e;
  };

  // words marks what is in one text and not in the other, by the longest
  // common subsequence of words; long texts are shown unmarked.
  const words = (s) => s.match(/\s+|[^\s\w]|\w+/g) || [];
  const marked = (a, b) => {
    const x = words(a), y = words(b);
    if (x.length * y.length > 1500000) return [[["same", a]], [["same", b]]];
    const n = y.length + 1, t = new Uint32Array((x.length + 1) * n);
    for (let i = x.length - 1; i >= 0; i--) for (let k = y.length - 1; k >= 0; k--)
      t[i * n + k] = x[i] === y[k] ? t[(i + 1) * n + k + 1] + 1 : Math.max(t[(i + 1) * n + k], t[i * n + k + 1]);
    const left = [], right = [];
    let i = 0, k = 0;
    while (i < x.length || k < y.length) {
      if (i < x.length && k < y.length && x[i] === y[k]) { left.push(["same", x[i++]]); right.push(["same", y[k++]]); }
      else if (k >= y.length || (i < x.length && t[(i + 1) * n + k] >= t[i * n + k + 1])) left.push(["del", x[i++]]);
      else right.push(["ins", y[k++]]);
    }
    return [left, right];
  };
  const pre = (parts) => {
    const e = make("pre");
    for (const [kind, text] of parts) e.append(kind === "same" ? document.createTextNode(text) : make(kind, text));
    return e;
  };

  const side = (name, s, parts) => {
    const e = make("div");
    e.append(make("strong", name + ": " + s.score));
    if (s.rungs) e.append(make("div", "read from the ladder: " + s.rungs, "dim"));
    if (s.why) e.append(make("div", s.why, "dim"));
    e.append(s.answer === null ? make("p", "The answer is not in the store any more.", "dim") : pre(parts));
    return e;
  };
  // reveal scrolls the list and not the page: whoever opens it is to see the
  // verdict first.
  const reveal = (li) => {
    list.setAttribute("aria-activedescendant", li.id);
    const top = li.offsetTop; // the list is positioned
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + li.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + li.offsetHeight - list.clientHeight;
  };
  const go = (to) => { at = Math.max(0, Math.min(rows.length - 1, to)); show(); list.parentElement.scrollIntoView({ block: "nearest" }); };
  const show = () => {
    [...list.children].forEach((li, i) => li.setAttribute("aria-selected", i === at));
    view.replaceChildren();
    const c = rows[at];
    if (!c) { list.removeAttribute("aria-activedescendant"); view.append(make("p", "No case like that.", "dim")); return; }
    reveal(list.children[at]);
    view.append(make("h2", c.id + (c.tags ? "  (" + c.tags + ")" : "")));
    if (c.question) { const d = make("details"); d.append(make("summary", "what was asked"), make("pre", c.question)); view.append(d); }
    if (c.expect) { const d = make("details"); d.append(make("summary", "what is expected"), make("pre", c.expect)); view.append(d); }
    const [left, right] = marked(c.incumbent.answer || "", c.candidate.answer || "");
    const pair = make("div", undefined, "pair");
    pair.append(side("incumbent", c.incumbent, left), side("candidate", c.candidate, right));
    view.append(pair);
  };
  const fill = () => {
    const q = search.value.toLowerCase();
    rows = data.filter((c) => filters[filter](c) && (!q || (c.id + " " + c.tags + " " + (c.incumbent.answer || "") + " " + (c.candidate.answer || "")).toLowerCase().includes(q)));
    at = 0;
    shown.textContent = rows.length + " of " + data.length;
    document.querySelectorAll("[data-filter]").forEach((b) => b.setAttribute("aria-pressed", b.dataset.filter === filter));
    list.replaceChildren(...rows.map((c, i) => {
      const li = make("li", ({ won: "+ ", lost: "\u2212 ", missing: "? ", same: "\u00b7 " })[c.kind] + c.id);
      li.id = "case-" + i; li.setAttribute("role", "option");
      li.addEventListener("click", () => { at = i; show(); });
      return li;
    }));
    show();
  };
  document.querySelectorAll("[data-filter]").forEach((b) => b.addEventListener("click", () => { filter = b.dataset.filter; fill(); }));
  search.addEventListener("input", fill);
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.target === search) { if (e.key === "Escape") { search.value = ""; search.blur(); fill(); } else if (e.key === "Enter") list.focus(); return; }
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[e.key];
    const pick = { a: "all", l: "lost", w: "won", r: "recovered", m: "missing" }[e.key];
    const end = e.target === list ? { Home: 0, End: rows.length - 1 }[e.key] : undefined;
    if (step && (e.key.length === 1 || e.target === list)) { go(at + step); e.preventDefault(); }
    else if (end !== undefined) { go(end); e.preventDefault(); }
    else if (pick) { filter = pick; fill(); }
    else if (e.key === "/") { search.focus(); e.preventDefault(); }
  });
  fill();
})();
