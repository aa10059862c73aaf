(() => {
  "use strict";
  const d = document, root = d.documentElement, all = (what, from = d) => [...from.querySelectorAll(what)];
  // Light or dark, as chosen before.
  let kept = null;
  try { kept = localStorage.getItem("undercut-theme"); } catch { /* no storage for files */ }
  if (kept) root.dataset.theme = kept;
  for (const button of all(".theme")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const isDark = (root.dataset.theme || (matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light")) === "dark";
      root.dataset.theme = isDark ? "light" : "dark";
      try { localStorage.setItem("undercut-theme", root.dataset.theme); } catch { /* as above */ }
    });
  }
  // Marks answer: the nearest one to the mouse or the finger, or by the arrow keys.
  const { tip, live } = pointing;
  let ring = null;
  const hide = () => { tip.hidden = true; ring?.remove(); ring = null; };
  const show = (mark, isSaid) => {
    hide();
    const [head, ...rest] = mark.said.split("\n"), bold = d.createElement("b");
    bold.textContent = head;
    tip.replaceChildren(bold, rest.join("\n"));
    ring = mark.parentNode.appendChild(mark.cloneNode());
    ring.setAttribute("class", "ring");
    pointing.place(mark);
    if (isSaid) live.textContent = mark.said.replaceAll("\n", ", ");
  };
  const isGone = (mark) => mark.hasAttribute("data-off") || mark.hasAttribute("data-out");
  for (const svg of all("svg.ch")) {
    const marks = all(".marks circle", svg);
    if (!marks.length) continue;
    for (const mark of marks) { mark.said = mark.textContent; mark.replaceChildren(); }
    let now = -1;
    svg.setAttribute("tabindex", "0");
    svg.setAttribute("role", "application");
    svg.setAttribute("aria-roledescription", "chart; arrow keys move between its marks");
    const point = (event) => {
      const place = pointing.nearest(marks, event, event.pointerType === "mouse" ? 22 : 34);
      if (place >= 0) { now = place; show(marks[place]); } else hide();
    };
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerdown", point);
    svg.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
    svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { hide(); return; }
      // What is hidden or out of the period is passed over.
      const there = marks.filter((mark) => !isGone(mark)), to = pointing.next(event.key, there.indexOf(marks[now]), there.length);
      if (to < 0) return;
      event.preventDefault();
      now = marks.indexOf(there[to]);
      show(there[to], true);
    });
  }
  addEventListener("scroll", hide, { passive: true });
  d.addEventListener("pointerdown", (event) => { if (!event.target.closest?.("svg.ch")) hide(); });
  // Tables sort by their headings and can be filtered.
  const value = (cell) => {
    const text = cell?.textContent.trim().replaceAll("\u2212", "-") ?? "", found = text.replace(/[$,%×+\s\u2007\u2008]/g, "");
    return /^-?\d*\.?\d+([a-z ].*)?$/.test(found) ? parseFloat(found) : text === "–" ? null : text.toLowerCase();
  };
  for (const table of all("main table")) {
    const body = table.tBodies[0], heads = [...(table.tHead?.rows[table.tHead.rows.length - 1]?.cells ?? [])];
    if (!body || body.rows.length < 5 || [...table.querySelectorAll("th,td")].some((cell) => cell.colSpan > 1 || cell.rowSpan > 1)) continue;
    heads.forEach((head, column) => {
      const button = d.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      if (!button.textContent.trim()) return;
      head.append(button);
      button.addEventListener("click", () => {
        const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
        const rows = [...body.rows].map((row) => [value(row.cells[column]), row]);
        rows.sort(([a], [b]) => a === null ? 1 : b === null ? -1 : way * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b))));
        body.append(...rows.map(([, row]) => row));
      });
    });
    if (body.rows.length < 12) continue;
    const box = d.createElement("p"), input = d.createElement("input"), count = d.createElement("span");
    box.className = "filter screen"; input.type = "search"; input.placeholder = "Filter the rows";
    input.setAttribute("aria-label", "Filter the rows of this table");
    count.setAttribute("role", "status");
    box.append(input, count);
    (table.closest(".scroll") ?? table).before(box);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/);
      let left = 0;
      for (const row of body.rows) {
        row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
        left += !row.hidden;
      }
      count.textContent = ` ${left} of ${body.rows.length}`;
    });
  }
  // One figure alone, for a frame in another page; the snippet names this page's own address.
  for (const code of all(".embed code")) {
    code.textContent = code.textContent.replace(/src="[^"#]*/, `src="${location.href.split("#")[0]}`);
  }
  const alone = () => {
    const wanted = /^#embed=(fig-[\w-]+)$/.exec(location.hash);
    const figure = wanted && d.getElementById(wanted[1]);
    if (figure) { root.classList.add("alone"); d.body.replaceChildren(figure, tip, live); }
  };
  alone();
  addEventListener("hashchange", alone);
  for (const button of all("button.copy")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", () => navigator.clipboard.writeText(d.getElementById(button.dataset.of).textContent).then(() => { button.textContent = "Copied"; }));
  }
})();
