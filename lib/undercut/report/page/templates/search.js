(() => {
  "use strict";
  const form = document.querySelector("form.search"), hits = document.getElementById("hits"), status = document.querySelector(".search-status");
  const data = JSON.parse(document.getElementById("search-data").textContent);
  const sections = data.sections.map(([report, anchor, heading, text]) => ({
    link: `${data.reports[report][0]}/index.html${anchor ? `#${anchor}` : ""}`, title: data.reports[report][1], heading, text,
    low: `${data.reports[report][1]} ${heading} ${text}`.toLowerCase(),
  }));
  const others = [
    ...data.asked.map(([question, link]) => ({ link, title: question, text: "The answer at once", low: question.toLowerCase(), isAsked: true })),
    ...data.models.map(([id, name, developer]) => ({ link: `explore.html#m=${encodeURIComponent(id)}&n=`, title: name, text: `Model by ${developer}: its price over time, and who sells it`, low: `${name} ${id} ${developer}`.toLowerCase() })),
    ...data.sellers.map(([id, name]) => ({ link: `explore.html#s=${encodeURIComponent(id)}&n=`, title: name, text: "Seller: what it offers, and at which price", low: `${name} ${id}`.toLowerCase() })),
  ];
  const around = (text, word) => {
    const at = Math.max(0, text.toLowerCase().indexOf(word) - 60);
    return `${at ? "…" : ""}${text.slice(at, at + 170).trim()}${at + 170 < text.length ? "…" : ""}`;
  };
  const show = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (one) => words.length && words.every((word) => one.low.includes(word));
    const places = sections.filter(fits), found = others.filter(fits);
    const asked = found.filter((one) => one.isAsked), named = found.filter((one) => !one.isAsked);
    const starts = (one) => words.length && one.title.toLowerCase().startsWith(words[0]);
    named.sort((one, other) => starts(other) - starts(one));
    status.textContent = words.length ? `${places.length} place${places.length === 1 ? "" : "s"} in reports, ${named.length} model${named.length === 1 ? "" : "s"} and sellers` : "";
    hits.replaceChildren(...[...asked, ...named.slice(0, 5), ...places.slice(0, 15)].map((one) => {
      const item = document.createElement("li"), link = document.createElement("a"), text = document.createElement("small");
      link.href = one.link;
      link.textContent = one.heading ? `${one.title} › ${one.heading}` : one.title;
      text.textContent = one.heading === undefined ? one.text : around(one.text, words[0]);
      item.append(link, " ", text);
      return item;
    }));
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    hits.querySelector("a")?.focus();
  });
  form.hidden = false;
  show();
})();
