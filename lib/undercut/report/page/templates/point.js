// What reports and the explorer share about pointing: where the words stand, which mark is nearest, which is next.
const pointing = (() => {
  const d = document, tip = d.body.appendChild(d.createElement("div")), live = d.body.appendChild(d.createElement("div"));
  tip.id = "tip"; tip.hidden = true;
  live.className = "hidden"; live.setAttribute("aria-live", "polite");
  return {
    tip, live,
    place(mark) {
      tip.hidden = false;
      const at = mark.getBoundingClientRect(), w = tip.offsetWidth, above = at.top - tip.offsetHeight - 8;
      tip.style.left = `${Math.max(6, Math.min(at.left + at.width / 2 - w / 2, d.documentElement.clientWidth - w - 6))}px`;
      tip.style.top = `${above < 4 ? at.bottom + 8 : above}px`;
    },
    nearest(marks, event, reach) {
      let best = -1, least = reach ** 2;
      marks.forEach((mark, place) => {
        const at = mark.getBoundingClientRect();
        const far = (at.left + at.width / 2 - event.clientX) ** 2 + (at.top + at.height / 2 - event.clientY) ** 2;
        if (at.width && far < least) { least = far; best = place; }
      });
      return best;
    },
    // The place after ``now`` for a key, or -1 where the key moves nothing.
    next(key, now, count) {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
      if (key === "Home" || key === "End") return key === "Home" ? 0 : count - 1;
      return !step ? -1 : now < 0 ? (step > 0 ? 0 : count - 1) : (now + step + count) % count;
    },
  };
})();
