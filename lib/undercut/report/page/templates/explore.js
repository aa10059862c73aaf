(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);

  // --- what the page holds -------------------------------------------------------------------------------
  const whole = (text) => text === "" ? [] : text.split(",").map((part) => part === "" ? NaN : parseInt(part, 36));
  const [modelStep, hostOf, variantOf, sizeOf] = data.products.map(whole);
  const [nameOf, startOf, lengthOf, tariffOf, sourceOf] = data.spans.map(whole);
  const endOf = startOf.map((start, row) => Number.isNaN(lengthOf[row]) ? Infinity : start + lengthOf[row]);
  const modelOf = [], firstRow = [], productsOf = data.models.map(() => []);
  let model = 0, place = 0;
  modelStep.forEach((step, product) => {
    model += step;
    modelOf.push(model);
    productsOf[model].push(product);
    firstRow.push(place);
    place += sizeOf[product];
  });
  firstRow.push(place);
  const tariffs = data.tariffs.map((text) => {
    const [input, output, cached, batchInput, batchOutput, ...tiers] = text.split("/");
    const number = (part) => part === undefined || part === "" ? NaN : Number(part);
    return {
      base: [input, output, cached].map(number), batch: [batchInput, batchOutput].map(number),
      tiers: tiers.map((tier) => tier.split(":").map(number)),
    };
  });
  const models = data.models.map(([id, name, developer, group, released, ...scores]) => ({
    id, name: name || id, developer: data.developers[developer], origin: group[0], access: group[1], released,
    scores: Object.fromEntries(Object.keys(data.measures).map((key, at) => [key, scores[at] ?? NaN])),
  }));
  const hosts = data.hosts.map(([id, name, kind, country]) => ({ id, name, kind: data.kinds[kind], country }));
  const modelById = new Map(models.map((one, at) => [one.id, at]));
  const hostById = new Map(hosts.map((one, at) => [one.id, at]));
  const changesOf = new Map();
  {
    const columns = data.changes.columns.map(whole);
    const pairs = data.changes.pairs.map((pair) => pair.split("/").map(Number));
    columns[0].forEach((model, at) => {
      const [, host, variant, shown, changed, before, after, verdict, evidence] = columns.map((column) => column[at]);
      const change = {
        model, host, variant, shown, changed, before: pairs[before], after: pairs[after],
        verdict: ["real", "correction", "unknown"][verdict], evidence: data.changes.evidence[evidence],
      };
      if (!changesOf.has(model)) changesOf.set(model, []);
      changesOf.get(model).push(change);
    });
  }

  const announcedOf = new Map();
  {
    const columns = data.announced.map(whole);
    columns[0].forEach((model, at) => {
      const [, host, variant, day, tariff] = columns.map((column) => column[at]);
      if (!announcedOf.has(model)) announcedOf.set(model, []);
      announcedOf.get(model).push({ model, host, variant, day, tariff });
    });
  }

  // --- words ---------------------------------------------------------------------------------------------
  const FIRST = Date.UTC(2023, 0, 1), MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const dayOf = (text) => Math.round((Date.parse(`${text}T00:00:00Z`) - FIRST) / 864e5);
  const iso = (day) => new Date(FIRST + day * 864e5).toISOString().slice(0, 10);
  const inWords = (day) => {
    const date = new Date(FIRST + day * 864e5);
    return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  };
  const money = (value) => {
    if (!Number.isFinite(value)) return "–";
    const size = Math.abs(value), sign = value < 0 ? "−" : "";
    if (size >= 100) return `${sign}$${Number(size.toPrecision(3)).toLocaleString("en")}`;
    if (size >= 10) return `${sign}$${Number(size.toFixed(1))}`;
    if (size >= 0.1) return `${sign}$${size.toFixed(2)}`;
    return `${sign}$${Number(size.toPrecision(2))}`;
  };
  const safe = (text) => String(text).replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
  const tone = (one) => ({ U: "us", C: "cn" })[one.origin] || "xx";
  const look = (one) => `${tone(one)} ${one.access === "C" ? "closed" : "open"}`;
  const kindOf = (one) => {
    const home = { U: "US", C: "Chinese" }[one.origin] || "other";
    return `${home}, ${{ C: "closed", O: "open weights" }[one.access] || "access unknown"}`;
  };
  const seller = (host) => hosts[host].name + (hosts[host].country ? ` · ${hosts[host].country}` : "");
  const edition = (product) => variantOf[product] ? ` (${data.variants[variantOf[product]]})` : "";
  const million = (text) => `${Number(text).toLocaleString("en", { maximumFractionDigits: 3 })} million`;

  // --- what is chosen: all of it stands in the address ------------------------------------------------------
  const START = { ...data.first, s: "", o: "U,C,X", a: "O,C", b: "low", c: "epoch", r: "", x: "", k: "bill", t: "0" };
  let state = { ...START };
  const list = (key) => state[key] ? state[key].split(",") : [];
  const read = () => {
    state = { ...START };
    for (const part of location.hash.slice(1).split("&")) {
      const [key, value] = part.split("=");
      if (key in START && value !== undefined) {
        try { state[key] = decodeURIComponent(value); } catch { /* a damaged address shows the first view */ }
      }
    }
    const shares = list("w").map(Number);
    if (shares.length !== 3 || shares.some((share) => !(share >= 0)) || !shares.some((share) => share > 0)) state.w = START.w;
    for (const key of ["v", "p"]) if (!(Number(state[key]) > 0)) state[key] = START[key];
    for (const key of ["f", "d"]) if (Number.isNaN(dayOf(state[key]))) state[key] = START[key];
    if (state.n !== "" && Number.isNaN(Number(state.n))) state.n = START.n;
    if (!(state.c in data.measures)) state.c = START.c;
    if (!data.tasks.benchmarks[state.t]) state.t = START.t;
    state.m = list("m").filter((id) => modelById.has(id)).slice(0, 8).join(",");
    state.s = list("s").filter((id) => hostById.has(id) || id.startsWith("in:")).join(",");
  };
  const write = () => {
    const told = Object.keys(START).filter((key) => state[key] !== START[key])
      .map((key) => `${key}=${encodeURIComponent(state[key]).replace(/%2C/g, ",").replace(/%3A/g, ":")}`);
    const address = told.length ? `#${told.join("&")}` : location.pathname + location.search;
    try { history.replaceState(null, "", address); } catch { /* inside a notebook there is no address to change */ }
  };

  // --- prices, as the package computes them -----------------------------------------------------------------
  let price = [], pricedFor = "";
  const priceAll = () => {
    const key = [state.w, state.p, state.q].join();
    if (key === pricedFor) return;
    pricedFor = key;
    const shares = list("w").map(Number), sum = shares.reduce((total, share) => total + share, 0);
    const [fresh, reused, made] = shares.map((share) => share / sum), prompt = Number(state.p);
    price = tariffs.map(({ base, batch, tiers }) => {
      let [input, output, cached] = base;
      for (const [above, ...longer] of tiers) {
        if (!(above < prompt)) continue;
        [input, output, cached] = [input, output, cached].map((was, at) => Number.isNaN(longer[at] ?? NaN) ? was : longer[at]);
      }
      if (Number.isNaN(cached)) cached = input;
      if (state.q !== "1") return fresh * input + reused * cached + made * output;
      const batchInput = Number.isNaN(batch[0]) ? input : batch[0], batchOutput = Number.isNaN(batch[1]) ? output : batch[1];
      return fresh * batchInput + reused * Math.min(cached, batchInput) + made * batchOutput;
    });
  };
  const score = (at) => models[at].scores[state.c];
  const choice = () => {
    const origins = new Set(list("o")), access = new Set(list("a")), chosen = list("s");
    const ids = new Set(chosen), countries = new Set(chosen.filter((id) => id.startsWith("in:")).map((id) => id.slice(3)));
    const least = state.n === "" ? -Infinity : Number(state.n);
    return {
      model: (at) => origins.has(models[at].origin) && (models[at].access === "?" ? access.size === 2 : access.has(models[at].access)),
      able: (at) => state.n === "" || score(at) >= least,
      product: (product) => {
        const host = hosts[hostOf[product]];
        return (state.r === "1" || host.kind !== "router") && (state.x === "1" || variantOf[product] === 0) &&
          (!chosen.length || ids.has(host.id) || countries.has(host.country));
      },
    };
  };
  const onDay = (product, day) => {
    let best = -1;
    for (let row = firstRow[product]; row < firstRow[product + 1]; row += 1) {
      const asked = price[tariffOf[row]];
      if (startOf[row] <= day && day < endOf[row] && asked > 0 && (best < 0 || asked < price[tariffOf[best]])) best = row;
    }
    return best;
  };
  const median = (sorted) => (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  const ofModel = (offers) => {
    const asked = state.b === "own" ? offers.filter((offer) => hosts[hostOf[offer.product]].kind === "developer") : offers;
    if (!asked.length) return null;
    const sorted = [...asked].sort((one, other) => one.price - other.price);
    return { ...sorted[state.b === "med" ? (sorted.length - 1) >> 1 : 0], sellers: offers.length,
      price: state.b === "med" ? median(sorted.map((offer) => offer.price)) : sorted[0].price };
  };
  const courses = new Map();
  const courseOf = (at, fits) => {
    const key = [at, pricedFor, state.b, state.s, state.r, state.x].join("|");
    if (courses.has(key)) return courses.get(key);
    const products = productsOf[at].filter(fits.product), days = new Map();
    for (const product of products) {
      for (let row = firstRow[product]; row < firstRow[product + 1]; row += 1) {
        for (const day of [startOf[row], endOf[row]]) if (day !== Infinity) (days.get(day) || days.set(day, new Set()).get(day)).add(product);
      }
    }
    const now = new Map(), steps = [];
    for (const day of [...days.keys()].sort((one, other) => one - other)) {
      for (const product of days.get(day)) {
        const row = onDay(product, day);
        if (row < 0) now.delete(product); else now.set(product, { product, row, price: price[tariffOf[row]] });
      }
      const is = ofModel([...now.values()]), was = steps.at(-1);
      if (is && was && was.price !== null && Math.abs(is.price / was.price - 1) < 1e-9) { was.until = is; continue; }
      if (is || (was && was.price !== null)) steps.push({ day, ...(is || { price: null }) });
    }
    courses.set(key, steps);
    return steps;
  };
  const announced = (at, fits) => (announcedOf.get(at) || []).filter((one) => productsOf[at].some((product) =>
    hostOf[product] === one.host && variantOf[product] === one.variant && fits.product(product)));
  const near = (one, other) => Math.abs(one - other) <= 0.002 * Math.max(Math.abs(one), Math.abs(other)) + 1e-12;
  const verdictOf = (at, was, is) => {
    if (!was || was.price === null) return { kind: "start", text: "first price here" };
    const before = was.until || was;
    if (before.product !== is.product) return { kind: "other", text: "another seller, no change of price" };
    const [old, fresh] = [before.row, is.row].map((row) => tariffs[tariffOf[row]].base);
    const found = (changesOf.get(at) || []).filter((change) => change.host === hostOf[is.product] && change.variant === variantOf[is.product] &&
      near(change.before[0], old[0]) && near(change.before[1], old[1]) && near(change.after[0], fresh[0]) && near(change.after[1], fresh[1]));
    const away = (change) => Math.min(Math.abs(change.shown - is.day), change.changed ? Math.abs(change.changed - is.day) : Infinity);
    found.sort((one, other) => away(one) - away(other));
    if (found.length && away(found[0]) <= 200) return { kind: found[0].verdict, text: `${WORDS[found[0].verdict]}: ${found[0].evidence}` };
    return { kind: "other", text: "read from another list, no change of price" };
  };
  const WORDS = { real: "real change", correction: "correction of a list", unknown: "not confirmed by a witness" };

  // --- charts ----------------------------------------------------------------------------------------------
  const logScale = (low, high, from, to) => (value) => from + (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low)) * (to - from);
  const scale = (low, high, from, to) => (value) => from + (value - low) / (high - low) * (to - from);
  const logTicks = (low, high) => {
    const ticks = [];
    for (let power = -6; power < 7; power += 1) for (const lead of [1, 3]) ticks.push(lead * 10 ** power);
    const seen = ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
    return seen.length > 5 ? seen.filter((tick) => /^0?\.?0*1/.test(String(tick))) : seen;
  };
  const dollars = (low, high, x0, x1, y) => logTicks(low, high).map((tick) => `<line class="grid" x1="${x0}" x2="${x1}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${x0 - 6}" y="${y(tick) + 4}" text-anchor="end">$${Number(tick.toPrecision(2))}</text>`).join("");
  const svg = (width, height, label, inside) => `<svg class="ch" viewBox="0 0 ${width} ${height}" role="group" aria-label="${safe(label)}" tabindex="0">${inside}</svg>`;
  const mark = (x, y, r, classes) => `<circle class="m ${classes}" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${r}"/>`;
  const marked = { time: [], scatter: [] }; // what each mark of a chart says when it is pointed at, in their order
  const SHAPES = {
    real: (x, y) => `<circle class="real" cx="${x}" cy="${y}" r="4.2"/>`,
    unknown: (x, y) => `<circle class="unknown" cx="${x}" cy="${y}" r="4"/>`,
    correction: (x, y) => `<path class="correction" d="M${x - 4} ${y - 4}l8 8m0 -8l-8 8"/>`,
    other: (x, y) => `<circle class="other" cx="${x}" cy="${y}" r="2.4"/>`,
    announced: (x, y) => `<path class="unknown" d="M${x} ${y - 6}l5 6l-5 6l-5 -6z"/>`,
  };
  const tooLong = (text, letters) => text.length > letters ? `${text.slice(0, letters - 1)}…` : text;

  const drawTime = (fits) => {
    const box = byId("time"), width = widths.time, height = 330, right = width < 420 ? 104 : 138, left = 46;
    const from = dayOf(state.f);
    const drawn = list("m").map((id) => modelById.get(id)).map((at) => ({ at, steps: courseOf(at, fits), ahead: announced(at, fits) })).filter(({ steps }) => steps.length);
    const last = Math.max(data.day, ...drawn.flatMap(({ steps, ahead }) => [...steps, ...ahead].map((step) => step.day)));
    const seen = drawn.map((one) => ({ ...one, steps: within(one.steps, from) })).filter(({ steps }) => steps.length);
    const values = seen.flatMap(({ steps, ahead }) => [...steps.map((step) => step.price), ...ahead.map((one) => price[one.tariff])]).filter((value) => value !== null);
    if (!values.length) { box.innerHTML = '<p class="note">No price of the chosen models fits these choices.</p>'; return; }
    const low = Math.min(...values) * 0.75, high = Math.max(...values) * 1.3, to = last + (last > data.day ? 8 : 0);
    const x = scale(from, Math.max(to, from + 30), left, width - right), y = logScale(low, high, height - 30, 10);
    const parts = [dollars(low, high, left, width - right, y), months(from, to, x, height - 30)], ends = [], told = [];
    for (const { at, steps, ahead: coming } of seen) {
      const one = models[at], solid = [], ahead = [];
      steps.forEach((step, number) => {
        if (step.price === null) return;
        const next = steps[number + 1], until = next ? next.day : Math.max(data.day, step.day + 8);
        const path = step.day > data.day ? ahead : solid;
        const joined = number && steps[number - 1].price !== null ? `M${x(step.day).toFixed(1)} ${y(steps[number - 1].price).toFixed(1)}V` : `M${x(step.day).toFixed(1)} `;
        path.push(`${joined}${y(step.price).toFixed(1)}H${x(until).toFixed(1)}`);
      });
      parts.push(`<g class="${tone(one)}"><path class="course" d="${solid.join("")}"/>${one.access === "C" ? "" : `<path class="core" d="${solid.join("")}"/>`}${ahead.length ? `<path class="course ahead" d="${ahead.join("")}"/>` : ""}</g>`);
      const end = [...steps].reverse().find((step) => step.price !== null), gone = steps.at(-1).price === null;
      ends.push({ one, at: y(end.price), y: y(end.price), x: x(gone ? steps.at(-1).day : Math.max(end.day, data.day)), text: money(end.price) + (gone ? ` until ${inWords(steps.at(-1).day).slice(-8)}` : "") });
      steps.forEach((step, number) => {
        if (step.price === null || step.day < from) return;
        const was = steps[number - 1], verdict = verdictOf(at, was, step);
        const kind = step.began ? "start" : step.day > data.day ? "announced" : verdict.kind;
        const [cx, cy] = [x(step.day), y(step.price)];
        told.push({ id: one.id, words: () => `${one.name}\n${inWords(step.began || step.day)}: ${kind === "start" || was.price === null ? "" : `${money(was.price)} to `}${money(step.price)}\n${hosts[hostOf[step.product]].name} (${data.sources[sourceOf[step.row]]})\n${step.began ? "in force when the chart begins" : kind === "announced" ? "announced" : verdict.text}` });
        parts.push(kind === "start" ? mark(cx, cy, 4, look(one)) : `<g class="m">${SHAPES[kind](Number(cx.toFixed(1)), Number(cy.toFixed(1)))}</g>`);
      });
      for (const news of coming) {
        told.push({ id: one.id, words: () => `${one.name}\nannounced from ${inWords(news.day)}: ${money(price[news.tariff])}\n${hosts[news.host].name}` });
        parts.push(`<g class="m ${tone(one)}">${SHAPES.announced(Number(x(news.day).toFixed(1)), Number(y(price[news.tariff]).toFixed(1)))}</g>`);
      }
    }
    ends.sort((one, other) => one.y - other.y);
    const gap = Math.min(31, (height - 50) / ends.length);
    ends.forEach((end, number) => { if (number) end.y = Math.max(end.y, ends[number - 1].y + gap); });
    const over = ends.at(-1).y - (height - 50);
    if (over > 0) ends.reverse().forEach((end, number) => { end.y = Math.min(end.y, height - 50 - number * gap); });
    for (const { one, at, y: placed, x: end, text } of ends) {
      const start = width - right + 8;
      if (Math.abs(placed - at) > 6 || end < width - right - 2) parts.push(`<line class="lead" x1="${end + 2}" x2="${start - 2}" y1="${at}" y2="${placed}"/>`);
      parts.push(`<text class="name ${tone(one)}" x="${start}" y="${placed + 2}">${safe(tooLong(one.name, Math.floor((right - 8) / 8)))}</text><text class="${tone(one)}" x="${start}" y="${placed + 16}">${text}</text>`);
    }
    const way = { low: "cheapest seller", med: "median seller", own: "the developer’s own price" }[state.b];
    marked.time = told;
    byId("time-note").textContent = `US dollars per million tokens of your work, ${way}, log scale`;
    box.innerHTML = svg(width, height, `Price over time of ${seen.length} models`, parts.join(""));
  };
  const within = (steps, from) => {
    const after = steps.filter((step) => step.day > from), before = steps.filter((step) => step.day <= from).at(-1);
    const start = before && before.price !== null ? [{ ...before, day: from, began: before.day }] : [];
    return start.length || after.some((step) => step.price !== null) ? [...start, ...after] : [];
  };
  const months = (from, to, x, base) => {
    const parts = [`<line class="axis" x1="${x(from)}" x2="${x(to)}" y1="${base}" y2="${base}"/>`], width = x(to) - x(from);
    const every = [1, 3, 6, 12, 24].find((step) => (to - from) / 30.4 / step <= width / 62) || 24;
    const date = new Date(FIRST + from * 864e5);
    for (let month = date.getUTCFullYear() * 12 + date.getUTCMonth() + 1; ; month += 1) {
      const day = Math.round((Date.UTC(Math.floor(month / 12), month % 12, 1) - FIRST) / 864e5);
      if (day > to) break;
      if (month % every) continue;
      const text = month % 12 ? MONTHS[month % 12] : Math.floor(month / 12);
      parts.push(`<line class="axis" x1="${x(day)}" x2="${x(day)}" y1="${base}" y2="${base + 4}"/><text x="${x(day)}" y="${base + 18}" text-anchor="middle">${text}</text>`);
    }
    return parts.join("");
  };

  const drawScatter = (rows) => {
    const box = byId("scatter"), width = widths.scatter, height = 330, left = 46, chosen = new Set(list("m"));
    const seen = rows.filter((row) => row.score === row.score).sort((one, other) => chosen.has(models[one.at].id) - chosen.has(models[other.at].id));
    if (!seen.length) { box.innerHTML = '<p class="note">No model on sale with a score fits these choices.</p>'; return; }
    const scores = seen.map((row) => row.score).sort((one, other) => one - other), prices = seen.map((row) => row.price);
    const pad = (scores.at(-1) - scores[0]) * 0.05 || 1;
    const [low, high] = [Math.min(...prices) * 0.8, Math.max(...prices) * 1.25];
    const x = scale(scores[0] - pad, scores.at(-1) + pad, left, width - 8), y = logScale(low, high, height - 42, 10);
    const parts = [dollars(low, high, left, width - 8, y), `<line class="axis" x1="${left}" x2="${width - 8}" y1="${height - 42}" y2="${height - 42}"/>`];
    const step = [1, 2, 5, 10, 20, 50, 100, 200].find((size) => (scores.at(-1) - scores[0]) / size <= 6) || 500;
    for (let tick = Math.ceil((scores[0] - pad) / step) * step; tick <= scores.at(-1) + pad; tick += step) parts.push(`<text x="${x(tick)}" y="${height - 25}" text-anchor="middle">${tick}</text>`);
    parts.push(`<text x="${left}" y="${height - 6}">${safe(data.measures[state.c][0])}</text>`);
    const any = seen.some((row) => chosen.has(models[row.at].id)), boxes = [], labels = [];
    for (const row of seen) {
      const one = models[row.at], isChosen = chosen.has(one.id), [cx, cy] = [x(row.score), y(row.price)];
      boxes.push([cx - 4, cy - 4, cx + 4, cy + 4]);
      parts.push(mark(cx, cy, isChosen ? 6 : 3.8, look(one) + (any && !isChosen ? " faint" : "")));
      if (isChosen) labels.push([cx, cy, one]);
    }
    const hit = (one) => boxes.some((other) => one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]);
    for (const [cx, cy, one] of labels) {
      const wide = one.name.length * 7.2, spots = [];
      for (const away of [0, 16, 30, 46]) for (const [dx, dy] of [[9, 0], [-9 - wide, 0], [-wide / 2, -14], [-wide / 2, 14], [9, -12], [9, 12], [-9 - wide, -12], [-9 - wide, 12]]) spots.push([cx + dx + Math.sign(dx) * away / 2, cy + dy + Math.sign(dy) * away]);
      const spot = spots.map(([sx, sy]) => [sx, sy - 8, sx + wide, sy + 7]).find((area) => area[0] >= left && area[2] <= width && area[1] >= 2 && area[3] <= height - 44 && !hit(area));
      if (!spot) continue;
      boxes.push(spot);
      const middle = [(spot[0] + spot[2]) / 2, (spot[1] + spot[3]) / 2];
      if (Math.hypot(Math.max(spot[0] - cx, 0, cx - spot[2]), middle[1] - cy) > 20) parts.push(`<line class="lead" x1="${cx}" y1="${cy}" x2="${Math.min(Math.max(cx, spot[0]), spot[2])}" y2="${middle[1] + (middle[1] < cy ? 8 : -8)}"/>`);
      parts.push(`<text class="name ${tone(one)}" x="${spot[0]}" y="${spot[1] + 12}">${safe(one.name)}</text>`);
    }
    marked.scatter = seen.map((row) => ({ id: models[row.at].id, words: () => {
      const one = models[row.at], where = state.b === "med" ? `median of ${row.sellers} sellers` : hosts[hostOf[row.product]].name;
      return `${one.name}\n${kindOf(one)}, ${one.developer}\n${money(row.price)} per million tokens, ${where}\n${money(row.price * Number(state.v))} a month\ncapability ${scored(row.score)}\nclick or Enter: ${chosen.has(one.id) ? "take out" : "add"}`;
    } }));
    byId("scatter-note").textContent = `${seen.length} models on ${inWords(dayOf(state.d))}, US dollars per million tokens of your work, log scale. Click adds a model`;
    box.innerHTML = svg(width, height, `Price against capability of ${seen.length} models`, parts.join(""));
  };

  // --- tables ----------------------------------------------------------------------------------------------
  const pick = (at, more = "") => `<span class="dot ${look(models[at])}"></span><button type="button" class="pick" data-id="${safe(models[at].id)}">${safe(models[at].name + more)}<span class="hidden">, ${kindOf(models[at])}</span></button>`;
  const cell = (value) => `<td class="n">${value}</td>`;
  const scored = (value) => value === value ? value.toFixed(data.measures[state.c][1]) : "–";
  const tableOf = (heads, rows) => `<table><thead><tr>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
  const head = (text, classes) => `<th scope="col"${classes ? ` class="${classes}"` : ""}>${text}</th>`;

  const inOrder = new Intl.Collator("en").compare;
  const COLUMNS = [
    ["name", "Model", (offer) => models[offer.at].name], ["host", "Seller", (offer) => seller(hostOf[offer.product])],
    ["bill", "Bill a month", (offer) => offer.price], ["in", "Input", (offer) => tariffs[tariffOf[offer.row]].base[0]],
    ["out", "Output", (offer) => tariffs[tariffOf[offer.row]].base[1]], ["cap", "Capability", (offer) => -(offer.score === offer.score ? offer.score : -1e9)],
    ["dev", "Developer", (offer) => models[offer.at].developer],
  ];
  let limit = 40, shown = [];
  const drawOffers = (offers) => {
    const [key, sign] = state.k.startsWith("-") ? [state.k.slice(1), -1] : [state.k, 1];
    const value = (COLUMNS.find((column) => column[0] === key) || COLUMNS[2])[2];
    offers.sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      return sign * (typeof a === "string" ? inOrder(a, b) : a - b) || one.price - other.price;
    });
    shown = offers;
    const heads = COLUMNS.map(([name, text], number) => `<th scope="col" class="${number > 1 && number < 6 ? "n" : ""}${number > 2 ? " wide" : ""}"${name === key ? ` aria-sort="${sign > 0 ? "ascending" : "descending"}"` : ""}><button type="button" data-sort="${name}">${text}</button></th>`);
    const chosen = new Set(list("m")), volume = Number(state.v);
    const rows = offers.slice(0, limit).map((offer) => {
      const base = tariffs[tariffOf[offer.row]].base, one = models[offer.at];
      return `<tr${chosen.has(one.id) ? ' class="chosen"' : ""}><th scope="row">${pick(offer.at, edition(offer.product))}</th><td>${safe(seller(hostOf[offer.product]))}</td><td class="n"><b>${money(offer.price * volume)}</b></td><td class="n wide">${money(base[0])}</td><td class="n wide">${money(base[1])}</td><td class="n wide">${scored(offer.score)}</td><td class="wide">${safe(one.developer)}</td></tr>`;
    });
    const rest = offers.length > limit ? `<button type="button" data-all>Show all ${offers.length.toLocaleString("en")} offers</button>` : "";
    byId("offers").innerHTML = tableOf(heads, rows) + rest;
    byId("count").textContent = `${offers.length.toLocaleString("en")} offers of ${new Set(offers.map((offer) => offer.at)).size} models on ${inWords(dayOf(state.d))}`;
  };

  const optionsOf = (offers, mine) => {
    const least = (test) => offers.reduce((best, offer) => test(offer) && (!best || offer.price < best.price) ? offer : best, null);
    const one = (offer) => models[offer.at];
    const found = [
      ["Cheapest of all", least(() => true)],
      ["Cheapest from a US seller", least((offer) => hosts[hostOf[offer.product]].country === "US")],
      ["Cheapest closed US model", least((offer) => one(offer).origin === "U" && one(offer).access === "C")],
      ["Cheapest Chinese open model", least((offer) => one(offer).origin === "C" && one(offer).access === "O")],
      ["Cheapest other open model", least((offer) => one(offer).origin !== "C" && one(offer).access === "O")],
    ];
    return [...found.filter(([, offer]) => offer), ...mine.map((offer) => ["Chosen", offer])];
  };
  const drawOptions = (offers, mine) => {
    const now = mine[0], volume = Number(state.v);
    const rows = optionsOf(offers, mine).map(([name, offer]) => `<tr><th scope="row">${safe(name)}</th><td>${pick(offer.at, edition(offer.product))}</td><td class="wide">${safe(seller(hostOf[offer.product]))}</td><td class="n wide">${scored(offer.score)}</td><td class="n"><b>${money(offer.price * volume)}</b></td>${now ? cell(offer === now ? "" : more((offer.price - now.price) * volume)) : ""}</tr>`);
    const heads = [head("Option"), head("Model"), head("Seller", "wide"), head("Capability", "n wide"), head("Bill a month", "n")];
    if (now) heads.push(head(`Against ${safe(models[now.at].name)}`, "n"));
    byId("options").innerHTML = rows.length ? tableOf(heads, rows) : '<p class="note">No offer fits these choices.</p>';
  };
  const more = (value) => (value > 0 ? "+" : "") + money(value);

  const say = (rows, mine) => {
    const volume = Number(state.v), day = dayOf(state.d), parts = [];
    const best = rows.reduce((least, row) => !least || row.price < least.price ? row : least, null);
    if (!best) { byId("say").textContent = "No offer fits these choices."; return; }
    const where = state.b === "med" ? `at the median of ${best.sellers} sellers` : `from ${hosts[hostOf[best.product]].name}`;
    const like = data.landmarks.map((at) => models[at]).find((one) => state.n !== "" && one.scores[state.c] === Number(state.n));
    const able = state.n === "" ? "" : like ? ` as capable as ${safe(like.name)}` : ` with a score of at least ${safe(state.n)}`;
    parts.push(`${million(state.v)} tokens a month${day === data.day ? "" : ` at the prices of ${inWords(day)}`}: the cheapest model${able} is <b>${safe(models[best.at].name)} for ${money(best.price * volume)}</b> ${safe(where)}.`);
    const top = rows.filter((row) => row.score === row.score).reduce((most, row) => !most || row.score > most.score ? row : most, null);
    if (top && top.at !== best.at) parts.push(`The most capable with a score, ${safe(models[top.at].name)}, costs ${money(top.price * volume)}.`);
    const now = mine[0];
    if (now && now.at !== best.at && (!top || now.at !== top.at)) parts.push(`${safe(models[now.at].name)} costs ${money(now.price * volume)}, ${money(Math.abs(now.price - best.price) * volume)} ${now.price > best.price ? "more" : "less"} than the cheapest.`);
    if (day > data.day) parts.push("Prices after the last table are announcements.");
    byId("say").innerHTML = parts.join(" ");
  };

  const drawChanges = (fits) => {
    const found = list("m").flatMap((id) => changesOf.get(modelById.get(id)) || []).filter((change) => (state.x === "1" || change.variant === 0) && productsOf[change.model].some((product) => hostOf[product] === change.host && fits.product(product)));
    found.sort((one, other) => other.shown - one.shown);
    const side = (pair) => `${money(pair[0])} / ${money(pair[1])}`;
    const rows = found.slice(0, 80).map((change) => `<tr><td class="day">${inWords(change.changed || change.shown)}</td><th scope="row">${safe(models[change.model].name)}</th><td>${safe(hosts[change.host].name)}${change.variant ? ` (${safe(data.variants[change.variant])})` : ""}</td><td class="n">${side(change.before)}</td><td class="n">${side(change.after)}</td><td>${WORDS[change.verdict]}</td><td class="wide">${safe(change.evidence)}</td></tr>`);
    const count = (verdict) => found.filter((change) => change.verdict === verdict).length;
    const coming = list("m").flatMap((id) => announced(modelById.get(id), fits));
    rows.unshift(...coming.map((news) => `<tr><td class="day">${inWords(news.day)}</td><th scope="row">${safe(models[news.model].name)}</th><td>${safe(hosts[news.host].name)}</td><td></td><td class="n">${side(tariffs[news.tariff].base)}</td><td>announced</td><td class="wide"></td></tr>`));
    byId("changes-note").textContent = found.length ? `${count("real")} real, ${count("correction")} corrections, ${count("unknown")} not confirmed; input / output, dollars per million tokens` : "None is known.";
    byId("changes").innerHTML = rows.length ? tableOf(["Day", "Model", "Seller", "Before", "After", "Verdict", "Evidence"].map((text, at) => head(text, at === 3 || at === 4 ? "n" : at === 6 ? "wide" : "")), rows) : "";
  };
  const drawTasks = (fits) => {
    const chosen = new Set(list("m"));
    const best = new Map(); // one row a model: what solving one task cost least
    for (const [benchmark, at, solved, cost, effort, date] of data.tasks.rows) {
      if (benchmark !== Number(state.t) || !(fits.model(at) && fits.able(at) || chosen.has(models[at].id))) continue;
      const row = { at, solved, task: Number(cost), each: Number(cost) / (solved / 100), effort, date };
      if (!best.has(at) || row.each < best.get(at).each) best.set(at, row);
    }
    const rows = [...best.values()].sort((one, other) => one.each - other.each).map((row) => `<tr${chosen.has(models[row.at].id) ? ' class="chosen"' : ""}><th scope="row">${pick(row.at)}</th>${cell(`${row.solved}%`)}${cell(money(row.task))}${cell(`<b>${money(row.each)}</b>`)}<td class="wide">${safe(row.effort)}</td><td class="wide day">${row.date ? inWords(dayOf(row.date)) : "not dated"}</td></tr>`);
    byId("tasks").innerHTML = rows.length ? tableOf([head("Model"), head("Solved", "n"), head("A task", "n"), head("A solved task", "n"), head("Effort", "wide"), head("Day", "wide")], rows) : '<p class="note">No model that fits these choices was run on it.</p>';
  };

  // --- one round -------------------------------------------------------------------------------------------
  const go = (silent) => {
    const began = performance.now();
    priceAll();
    const fits = choice(), day = dayOf(state.d), rows = [], offers = [], chosen = list("m").map((id) => modelById.get(id));
    const priced = new Map();
    for (let at = 0; at < models.length; at += 1) {
      const isChosen = chosen.includes(at);
      if (!isChosen && !(fits.model(at) && fits.able(at))) continue;
      const found = [];
      for (const product of productsOf[at]) {
        if (!fits.product(product)) continue;
        const row = onDay(product, day);
        if (row >= 0) found.push({ at, product, row, price: price[tariffOf[row]], score: score(at) });
      }
      const basis = found.length ? ofModel(found) : null;
      if (basis) priced.set(at, { ...basis, at, score: score(at) });
      if (!(fits.model(at) && fits.able(at))) continue;
      offers.push(...found);
      if (basis) rows.push(priced.get(at));
    }
    const mine = chosen.map((at) => priced.get(at)).filter(Boolean);
    now = { fits, rows, offers, mine };
    say(rows, mine);
    const due = PARTS.filter((part) => part.done !== (part.next = `${part.keys.map((key) => state[key]).join("|")}|${widths[part.box]}|${limit}`));
    const tops = due.map((part) => byId(part.box).getBoundingClientRect());
    const isSeen = due.map((_, at) => tops[at].top < innerHeight && tops[at].bottom > 0);
    due.filter((_, at) => isSeen[at]).forEach(draw);
    sync();
    if (!silent) write();
    hide();
    window.undercutRound = performance.now() - began;
    later = due.filter((_, at) => !isSeen[at]);
    if (later.length) setTimeout(rest);
  };
  // What is on the screen answers at once, the rest of the page a part at a time.
  let now = {}, later = [], widths = {};
  const draw = (part) => { part.done = part.next; part.draw(now); };
  const rest = () => {
    const part = later.shift();
    if (part) { draw(part); setTimeout(rest); }
  };
  const OFFERS = ["m", "s", "o", "a", "b", "w", "p", "q", "c", "n", "d", "r", "x"];
  const PARTS = [
    { box: "time", keys: ["m", "s", "b", "w", "p", "q", "f", "r", "x"], draw: () => drawTime(now.fits) },
    { box: "scatter", keys: OFFERS, draw: () => drawScatter(now.rows) },
    { box: "options", keys: [...OFFERS, "v"], draw: () => drawOptions(now.offers, now.mine) },
    { box: "offers", keys: [...OFFERS, "v", "k"], draw: () => drawOffers([...now.offers]) },
    { box: "changes", keys: ["m", "s", "r", "x"], draw: () => drawChanges(now.fits) },
    { box: "tasks", keys: ["m", "o", "a", "c", "n", "t"], draw: () => drawTasks(now.fits) },
  ];
  const measure = () => { widths = Object.fromEntries(["time", "scatter"].map((id) => [id, Math.max(280, byId(id).clientWidth)])); };
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; go(); });
  };
  const set = (key, value) => { state[key] = value; soon(); };
  const toggle = (id) => {
    const chosen = list("m");
    set("m", (chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-8)).join(","));
  };
  const chips = (box, ids, told, without) => {
    box.innerHTML = ids.map((id) => `<button type="button" data-drop="${safe(id)}" aria-label="Take out ${safe(told(id))}">${safe(told(id))} ×</button>`).join("");
    box.onclick = (event) => { const button = event.target.closest("[data-drop]"); if (button) without(button.dataset.drop); };
  };
  const workNow = () => Object.keys(data.workloads).find((name) => {
    const [fresh, reused, made, prompt, batch] = data.workloads[name];
    return state.w === [fresh, reused, made].map((share) => Math.round(share * 100)).join() && state.p === String(prompt) && state.q === (batch ? "1" : "");
  }) || "";
  const sync = () => {
    list("w").forEach((share, at) => { byId(`w${at}`).value = share; byId(`w${at}`).nextElementSibling.value = `${Math.round(share)}%`; });
    for (const key of ["b", "c", "d", "f", "n", "p", "v", "t"]) if (document.activeElement !== byId(key) || byId(key).tagName === "SELECT") byId(key).value = state[key];
    for (const key of ["r", "x", "q"]) byId(key).checked = state[key] === "1";
    for (const key of ["o", "a"]) for (const box of document.getElementsByName(key)) box.checked = list(key).includes(box.value);
    byId("work").value = workNow();
    byId("volume").value = Math.log10(Math.max(1, Number(state.v)));
    const levels = data.landmarks.filter((at) => score(at) === score(at));
    if (byId("like").dataset.of !== state.c) byId("like").innerHTML = `<option value="">any model</option>${levels.map((at) => `<option value="${score(at)}">${safe(models[at].name)} (${scored(score(at))})</option>`).join("")}`;
    byId("like").dataset.of = state.c;
    byId("like").value = levels.some((at) => String(score(at)) === state.n) ? state.n : "";
    chips(byId("models"), list("m"), (id) => models[modelById.get(id)].name, toggle);
    chips(byId("sellers"), list("s"), (id) => id.startsWith("in:") ? `all in ${id.slice(3)}` : hosts[hostById.get(id)].name, (id) => set("s", list("s").filter((one) => one !== id).join(",")));
  };

  // --- controls ----------------------------------------------------------------------------------------------
  const on = (id, event, act) => byId(id).addEventListener(event, act);
  for (const key of ["b", "c", "t", "p"]) on(key, "change", (event) => { if (key === "c") state.n = ""; set(key, event.target.value); });
  for (const key of ["d", "f"]) on(key, "change", (event) => { if (event.target.value) set(key, event.target.value); });
  on("n", "input", (event) => set("n", event.target.value));
  on("like", "change", (event) => set("n", event.target.value));
  on("v", "input", (event) => { if (Number(event.target.value) > 0) set("v", String(Number(event.target.value))); });
  on("volume", "input", (event) => set("v", String(Number((10 ** Number(event.target.value)).toPrecision(2)))));
  for (const key of ["r", "x", "q"]) on(key, "change", (event) => set(key, event.target.checked ? "1" : ""));
  for (const key of ["o", "a"]) for (const box of document.getElementsByName(key)) box.addEventListener("change", () => set(key, [...document.getElementsByName(key)].filter((one) => one.checked).map((one) => one.value).join(",")));
  on("work", "change", (event) => {
    const mix = data.workloads[event.target.value];
    if (!mix) return;
    state.p = String(mix[3]);
    state.q = mix[4] ? "1" : "";
    set("w", mix.slice(0, 3).map((share) => Math.round(share * 100)).join(","));
  });
  [0, 1, 2].forEach((at) => on(`w${at}`, "input", (event) => {
    const shares = list("w").map(Number), [one, other] = [0, 1, 2].filter((place) => place !== at), rest = shares[one] + shares[other];
    shares[at] = Number(event.target.value);
    shares[one] = rest > 0 ? Math.round((100 - shares[at]) * shares[one] / rest) : 0;
    shares[other] = 100 - shares[at] - shares[one];
    set("w", shares.join(","));
  }));
  const finder = (input, all, labels, choose) => {
    const found = new Map(labels);
    byId(all).innerHTML = labels.map(([label]) => `<option value="${safe(label)}">`).join("");
    const take = (label) => { choose(found.get(label)); byId(input).value = ""; };
    on(input, "input", () => { if (found.has(byId(input).value)) take(byId(input).value); });
    on(input, "keydown", (event) => {
      const words = byId(input).value.trim().toLowerCase();
      if (event.key !== "Enter" || !words) return;
      const fit = labels.find(([label]) => label.toLowerCase().includes(words));
      if (fit) take(fit[0]);
    });
  };
  const sold = (at) => productsOf[at].filter((product) => variantOf[product] === 0).length;
  finder("model", "all-models", models.map((one, at) => [`${one.name} · ${one.id}`, one.id, sold(at) + Math.max(0, one.released) / 100]).sort((one, other) => other[2] - one[2]), (id) => { if (!list("m").includes(id)) toggle(id); });
  const countries = [...new Set(hosts.map((host) => host.country).filter(Boolean))].sort();
  finder("seller", "all-sellers", [...countries.map((country) => [`All sellers in ${country}`, `in:${country}`]), ...hosts.map((host, at) => [`${seller(at)} · ${host.id}`, host.id])], (id) => { if (!list("s").includes(id)) set("s", [...list("s"), id].join(",")); });
  on("again", "click", () => { state = { ...START }; limit = 40; soon(); });
  on("link", "click", () => {
    write();
    const told = (text) => { byId("link").textContent = text; setTimeout(() => { byId("link").textContent = "Copy link"; }, 2000); };
    if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(() => told("Copied"), () => told("It is in the address bar"));
    else told("It is in the address bar");
  });
  const CSV = ["model", "developer", "origin", "access", "seller", "country", "edition", "capability", "input", "cached_input", "output", "price", "bill_a_month", "since", "source", "day"];
  on("csv", "click", () => {
    const quoted = (value) => /[",\n]/.test(String(value)) ? `"${String(value).replace(/"/g, '""')}"` : String(value);
    const lines = shown.map((offer) => {
      const one = models[offer.at], host = hosts[hostOf[offer.product]], [input, output, cached] = tariffs[tariffOf[offer.row]].base;
      return [one.id, one.developer, { U: "US", C: "CN" }[one.origin] || "other", { O: "open", C: "closed" }[one.access] || "", host.id, host.country, data.variants[variantOf[offer.product]], offer.score === offer.score ? offer.score : "", input, cached === cached ? cached : "", output, Number(offer.price.toPrecision(10)), Number((offer.price * Number(state.v)).toPrecision(10)), iso(startOf[offer.row]), data.sources[sourceOf[offer.row]], state.d].map(quoted).join(",");
    });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([[CSV.join(","), ...lines, ""].join("\n")], { type: "text/csv" }));
    link.download = `undercut_offers_${state.d}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  document.querySelector("main").addEventListener("click", (event) => {
    const sort = event.target.closest("[data-sort]"), chosen = event.target.closest(".pick[data-id]");
    if (sort) set("k", state.k === sort.dataset.sort ? `-${sort.dataset.sort}` : sort.dataset.sort);
    else if (chosen) toggle(chosen.dataset.id);
    else if (event.target.closest("[data-all]")) { limit = Infinity; soon(); }
  });

  // --- pointing at a mark: mouse, finger, keyboard -------------------------------------------------------------
  const { tip, live } = pointing;
  let lit = null;
  const hide = () => { if (lit) lit.classList.remove("on"); lit = null; tip.hidden = true; };
  const marks = (box) => [...box.querySelectorAll(".m")];
  const told = (one) => {
    const box = one.closest("#time, #scatter");
    return marked[box.id][marks(box).indexOf(one)];
  };
  const show = (one, aloud) => {
    if (lit && lit !== one) lit.classList.remove("on");
    lit = one;
    one.classList.add("on");
    const words = told(one).words();
    tip.textContent = words;
    pointing.place(one);
    if (aloud) live.textContent = words.replace(/\n/g, ", ");
  };
  for (const id of ["time", "scatter"]) {
    const box = byId(id);
    let touched = null;
    const point = (event) => {
      const all = marks(box), one = all[pointing.nearest(all, event, event.pointerType === "mouse" ? 18 : 30)];
      if (one) show(one); else if (event.pointerType === "mouse") hide();
    };
    box.addEventListener("pointermove", point);
    box.addEventListener("pointerdown", (event) => { touched = lit; point(event); });
    box.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
    box.addEventListener("click", (event) => { if (lit && (event.pointerType === "mouse" || touched === lit)) toggle(told(lit).id); });
    box.addEventListener("focusout", hide);
    box.addEventListener("keydown", (event) => {
      const all = marks(box), to = pointing.next(event.key, all.indexOf(lit), all.length);
      if (event.key === "Escape") hide();
      else if (event.key === "Enter" && lit) toggle(told(lit).id);
      else if (all[to]) {
        event.preventDefault();
        show(all[to], true);
      }
    });
  }
  addEventListener("scroll", hide, { passive: true });

  byId("t").innerHTML = data.tasks.benchmarks.map((name, at) => `<option value="${at}">${safe(name)}</option>`).join("");
  for (const id of ["choices", "link", "csv", "more"]) byId(id).hidden = false;
  if (innerWidth <= 800) byId("choices").open = false;
  addEventListener("hashchange", () => { read(); go(true); });
  let wide = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== wide) { wide = innerWidth; measure(); soon(); } });
  read();
  measure();
  go(true);
})();
