(() => {
  const form = document.querySelector("form.search");
  const entries = [...document.querySelectorAll(".reports > li")];
  const words = form.elements.words, kind = form.elements.kind, status = document.querySelector(".search-status");
  const texts = entries.map((entry) => entry.textContent.toLowerCase());
  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    entries.forEach((entry, position) => {
      const fits = wanted.every((word) => texts[position].includes(word)) &&
        (!kind.value || entry.dataset.kinds.split(" ").includes(kind.value));
      entry.hidden = !fits;
      count += fits;
    });
    status.textContent = wanted.length || kind.value ? `${count} of ${entries.length} reports` : "";
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  show();
})();
