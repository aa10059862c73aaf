// Series hide and time zooms in every figure that declares them (data-series, data-time of its drawings).
(() => {
  "use strict";
  const d = document, DAY = 864e5, all = (what, from) => [...from.querySelectorAll(what)];
  const make = (tag, about = {}, text = "") => {
    const one = Object.assign(d.createElement(tag), about);
    one.append(text);
    return one;
  };
  const told = (svg, name) => JSON.parse(svg.dataset[name] ?? "null");
  const first = (one, name) => (one.first ??= {})[name] ??= one.getAttribute(name) ?? "";
  const day = (number, options = { day: "numeric", month: "short", year: "numeric" }) => new Date(number * DAY).toLocaleDateString("en-GB", { timeZone: "UTC", ...options });

  // Every pair of numbers of a path is a place; marks keep their shape, lines and bands are stretched.
  const moved = (path, to) => {
    const pairs = [...path.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map((found) => Number(found[1]));
    const middle = (Math.min(...pairs) + Math.max(...pairs)) / 2, shift = to(middle) - middle;
    return path.replace(/(-?[\d.]+) (-?[\d.]+)/g, (_, x, y) => `${(path.includes("C") ? Number(x) + shift : to(Number(x))).toFixed(1)} ${y}`);
  };
  const heightAt = (path, x) => {
    const points = [...path.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map((found) => [Number(found[1]), Number(found[2])]);
    const after = points.findIndex((point) => point[0] >= x);
    if (after < 1) return after === 0 ? null : points.at(-1)?.[1];
    const [[x0, y0], [x1, y1]] = [points[after - 1], points[after]];
    return x1 === x0 ? y1 : y0 + (y1 - y0) * (x - x0) / (x1 - x0);
  };
  const ticksOf = (from, to, most) => {
    const start = new Date(from * DAY), found = [];
    const months = [1, 2, 3, 6, 12, 24].find((step) => (to - from) / 30.4 / step <= most) ?? 48;
    if (months === 1 && (to - from) / 30.4 < 2.2) {
      const step = [1, 2, 7, 14, 28].find((days) => (to - from) / days <= most) ?? 56;
      for (let at = Math.ceil(from); at <= to; at += step) found.push([at, day(at, { day: "numeric", month: "short", year: undefined })]);
      return found;
    }
    for (let month = months > 12 ? 0 : Math.floor(start.getUTCMonth() / months) * months; ; month += months) {
      const at = Date.UTC(start.getUTCFullYear(), month, 1) / DAY;
      if (at > to) return found;
      if (at >= from) found.push([at, day(at, months >= 12 ? { year: "numeric", day: undefined, month: undefined } : { month: "short", year: "numeric", day: undefined })]);
    }
  };

  const zoom = (svg, from, to) => {
    for (const [a, [x0, x1, y0, y1, t0, t1]] of Object.entries(told(svg, "time") ?? {})) {
      const whole = from === undefined, since = whole ? t0 : from, until = whole ? t1 : to;
      const place = (at) => x0 + (at - since) / (until - since) * (x1 - x0);
      const move = whole ? (x) => x : (x) => place(t0 + (x - x0) / (x1 - x0) * (t1 - t0));
      const off = (one, x) => one.toggleAttribute("data-out", x < x0 - 1 || x > x1 + 1);
      for (const group of all(`[data-a="${a}"]:not([data-t])`, svg)) {
        for (const path of all("path", group)) {
          const use = path.closest("defs") && group.querySelector("use");
          if (!use || first(use, "x") === "0") path.setAttribute("d", whole ? first(path, "d") : moved(first(path, "d"), move));
        }
        for (const use of all("use", group)) {
          const x = Number(first(use, "x"));
          if (x) { use.setAttribute("x", move(x)); off(use, move(x)); }
        }
      }
      for (const mark of all(".marks circle", svg)) {
        const x = Number(first(mark, "cx")), y = Number(mark.getAttribute("cy"));
        if (x >= x0 - 2 && x <= x1 + 2 && y >= y0 - 2 && y <= y1 + 2) { mark.setAttribute("cx", move(x)); off(mark, move(x)); }
      }
      names(svg, a, move, whole, [x0, x1, y0, y1]);
      const axis = svg.querySelector(`[data-a="${a}"][data-t]`), ticks = axis ? [...axis.children].filter((one) => one.querySelector("use") && !one.dataset.own) : [];
      all("[data-own]", svg).filter((one) => one.parentNode === axis).forEach((one) => one.remove());
      for (const tick of ticks) tick.toggleAttribute("data-out", !whole);
      if (whole || !ticks.length) continue;
      for (const [at, text] of ticksOf(since, until, Math.max(1, Math.floor((x1 - x0) / 52)))) {
        const tick = axis.appendChild(ticks[0].cloneNode(true)), label = tick.querySelector("text");
        tick.removeAttribute("data-out");
        tick.dataset.own = "1";
        for (const path of all("path:not(defs path)", tick)) path.setAttribute("d", path.getAttribute("d").replace(/(-?[\d.]+) (-?[\d.]+)/g, (_, x, y) => `${place(at)} ${y}`));
        tick.querySelector("defs")?.remove();
        tick.querySelector("use").setAttribute("x", place(at));
        if (label) { label.setAttribute("x", place(at)); label.textContent = text; }
      }
    }
  };
  // A name at the end of a line goes where the line leaves the panel; a name at a mark goes with it.
  const names = (svg, a, move, whole, [x0, x1, y0, y1]) => {
    const ends = [];
    for (const group of all(`[data-a="${a}"][data-x]`, svg)) {
      const at = Number(group.dataset.x), x = move(at), text = group.querySelector("text");
      let dx = x - at, isOut = x < x0 - 1;
      const line = x > x1 + 1 && group.dataset.s && svg.querySelector(`[data-a="${a}"][data-s="${group.dataset.s}"]:not([data-x]) > path[fill="none"]`);
      if (x > x1 + 1) {
        const y = line ? heightAt(line.getAttribute("d"), x1) : null;
        dx = x1 - at;
        isOut = y === null || y < y0 - 2 || y > y1 + 2;
        const own = Number(text.getAttribute("y") ?? /([\d.]+)\)$/.exec(text.getAttribute("transform"))[1]);
        if (!isOut) ends.push({ group, y: y + 3.5, own, dx });
      }
      group.toggleAttribute("data-out", isOut);
      if (whole) group.removeAttribute("transform"); else group.setAttribute("transform", `translate(${dx.toFixed(1)} 0)`);
    }
    ends.sort((one, other) => one.y - other.y);
    ends.forEach((end, place) => {
      if (place) end.y = Math.max(end.y, ends[place - 1].y + 12);
      end.group.setAttribute("transform", `translate(${end.dx.toFixed(1)} ${(end.y - end.own).toFixed(1)})`);
    });
  };

  const paints = [], paint = () => paints.forEach((one) => one());
  for (const figure of all("figure:not(.cards figure)", d)) {
    const svgs = all("svg.ch", figure), tools = make("div", { className: "tools screen" });
    const series = [...new Set(svgs.flatMap((svg) => told(svg, "series") ?? []))];
    const members = (name) => svgs.flatMap((svg) => {
      const number = (told(svg, "series") ?? []).indexOf(name);
      return number < 0 ? [] : all(`[data-s="${number}"]`, svg);
    });
    if (series.length) {
      const group = make("div", { className: "series", role: "group", ariaLabel: "Series of this figure" });
      for (const name of series) {
        const button = make("button", { type: "button", ariaPressed: "true" }, name), own = members(name);
        const shape = own.flatMap((one) => one.tagName === "circle" ? [] : all("path, use", one)).find((one) => !one.closest("defs")) ?? own[0];
        if (shape) paints.push(() => {
          const look = getComputedStyle(shape);
          if (look.stroke === "none") button.dataset.ink = "fill";
          button.style.setProperty("--c", look.stroke !== "none" ? look.stroke : look.fill);
        });
        button.addEventListener("click", () => {
          const isOn = button.ariaPressed !== "true";
          button.ariaPressed = String(isOn);
          for (const one of own) one.toggleAttribute("data-off", !isOn);
        });
        group.append(button);
      }
      tools.append(group);
    }
    const panels = svgs.flatMap((svg) => Object.values(told(svg, "time") ?? {}));
    const start = Math.min(...panels.map((panel) => panel[4])), end = Math.max(...panels.map((panel) => panel[5]));
    if (panels.length && end - start > 60) {
      const group = make("div", { className: "period", role: "group", ariaLabel: "Period of this figure" });
      const least = Math.max(14, (end - start) / 40), shown = make("output"), reset = make("button", { type: "button", disabled: true }, "Whole period");
      const [from, to] = ["From", "To"].map((word) => {
        const label = make("label", {}, `${word} `);
        const input = make("input", { type: "range", min: Math.ceil(start), max: Math.floor(end), step: Math.max(1, Math.round((end - start) / 120)) });
        input.value = word === "From" ? input.min : input.max;
        label.append(input);
        group.append(label);
        return input;
      });
      const set = (since, until) => {
        from.value = Math.min(since, until - least);
        to.value = Math.max(until, since + least);
        const isWhole = since <= Number(from.min) && until >= Number(to.max) - Number(to.step);
        from.ariaValueText = day(Number(from.value));
        to.ariaValueText = day(Number(to.value));
        shown.textContent = isWhole ? "" : `${day(Number(from.value))} to ${day(Number(to.value))}`;
        reset.disabled = isWhole;
        for (const svg of svgs) if (isWhole) zoom(svg); else zoom(svg, Number(from.value), Number(to.value));
      };
      from.addEventListener("input", () => set(Number(from.value), Math.max(Number(to.value), Number(from.value) + least)));
      to.addEventListener("input", () => set(Math.min(Number(from.value), Number(to.value) - least), Number(to.value)));
      reset.addEventListener("click", () => { set(Number(from.min), Number(to.max)); from.value = from.min; to.value = to.max; from.focus(); });
      set(Number(from.min), Number(to.max));
      group.append(reset, " ", shown);
      tools.append(group);
      for (const svg of svgs) drag(svg, from, to, set);
    }
    if (tools.childNodes.length) svgs.at(-1).after(tools);
  }
  // Buttons have the inks of their series, in light and in dark.
  paint();
  matchMedia("(prefers-color-scheme:dark)").addEventListener("change", paint);
  new MutationObserver(paint).observe(d.documentElement, { attributeFilter: ["data-theme"] });
  // The mouse chooses a period by drawing over it.
  function drag(svg, from, to, set) {
    let began = null;
    const at = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const panel = Object.values(told(svg, "time")).find(([x0, x1, y0, y1]) => point.x > x0 - 2 && point.x < x1 + 2 && point.y > y0 && point.y < y1);
      const whole = !svg.querySelector("[data-own]"), [t0, t1] = whole && panel ? panel.slice(4) : [Number(from.value), Number(to.value)];
      return panel && { x: event.clientX, day: t0 + (point.x - panel[0]) / (panel[1] - panel[0]) * (t1 - t0) };
    };
    svg.addEventListener("pointerdown", (event) => { began = event.pointerType === "mouse" ? at(event) : null; });
    svg.addEventListener("pointerup", (event) => {
      const ended = began && at(event);
      if (ended && Math.abs(ended.x - began.x) > 12) set(Math.min(began.day, ended.day), Math.max(began.day, ended.day));
      began = null;
    });
  }
})();
