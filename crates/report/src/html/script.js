// What a page does besides being read: values under the pointer, lines switched by the legend, a hint where something is cut.
"use strict";
(() => {
  const tip = document.body.appendChild(document.createElement("div"));
  tip.className = "tip";
  tip.setAttribute("role", "status");

  // Cumulative normal distribution, Abramowitz and Stegun 26.2.17: undoes the probit scale.
  const cdf = z => {
    const t = 1 / (1 + 0.2316419 * Math.abs(z));
    const tail = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) *
      t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    return z > 0 ? 1 - tail : tail;
  };
  const axis = text => {
    const [scale, low, high, factor, title] = text.split("|");
    const at = place => +low + place * (high - low);
    return { title, value: place => factor * (scale === "probit" ? cdf(at(place)) : at(place)) };
  };
  const shown = value => Math.abs(value) >= 100 ? value.toFixed(0) : String(+value.toPrecision(3));

  // The nearest thing that can be named: a mark within 9 units, or a line within 24.
  const nearest = (svg, at) => {
    let best = null;
    const offer = (distance, limit, text) => {
      if (distance < limit && (!best || distance < best.distance)) best = { distance, text };
    };
    for (const mark of svg.querySelectorAll("[data-tip]:not(.off)")) {
      const box = mark.getBBox();
      offer(Math.hypot(box.x + box.width / 2 - at.x, box.y + box.height / 2 - at.y), 9, () => mark.dataset.tip);
    }
    if (best) return best.text();
    const field = [...svg.querySelectorAll("rect.field[data-x]")].find(({ x, y, width, height }) => {
      const [left, top] = [x.baseVal.value, y.baseVal.value];
      return at.x >= left && at.x <= left + width.baseVal.value && at.y >= top && at.y <= top + height.baseVal.value;
    });
    if (!field) return null;
    const [left, top, width, height] = ["x", "y", "width", "height"].map(name => field[name].baseVal.value);
    const [across, up] = [axis(field.dataset.x), axis(field.dataset.y)];
    for (const line of svg.querySelectorAll("polyline[data-series]:not(.off)")) {
      for (const point of line.points) {
        if (point.x < left - 1 || point.x > left + width + 1 || point.y < top - 1 || point.y > top + height + 1) continue;
        offer(Math.hypot(point.x - at.x, point.y - at.y), 24, () =>
          `${line.dataset.series}\n${across.title}: ${shown(across.value((point.x - left) / width))}\n` +
          `${up.title}: ${shown(up.value(1 - (point.y - top) / height))}`);
      }
    }
    return best && best.text();
  };

  for (const svg of document.querySelectorAll("figure svg")) {
    svg.addEventListener("pointermove", event => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const text = nearest(svg, at);
      tip.classList.toggle("on", Boolean(text));
      if (!text) return;
      tip.textContent = text;
      const left = Math.min(event.clientX + 14, document.documentElement.clientWidth - tip.offsetWidth - 8);
      tip.style.transform = `translate(${Math.max(4, left)}px, ${event.clientY + 16}px)`;
    });
    svg.addEventListener("pointerleave", () => tip.classList.remove("on"));
    for (const entry of svg.querySelectorAll("[data-switch]")) {
      const press = () => {
        const off = entry.classList.toggle("off");
        entry.setAttribute("aria-pressed", String(!off));
        for (const drawn of svg.querySelectorAll("[data-series]")) {
          if (drawn.dataset.series === entry.dataset.switch) drawn.classList.toggle("off", off);
        }
      };
      const shade = on => {
        for (const band of svg.querySelectorAll("polygon.band")) {
          if (band.dataset.series === entry.dataset.switch) band.classList.toggle("shown", on);
        }
      };
      for (const [event, on] of [["pointerenter", true], ["focus", true], ["pointerleave", false], ["blur", false]]) {
        entry.addEventListener(event, () => shade(on));
      }
      entry.setAttribute("tabindex", "0");
      entry.setAttribute("role", "button");
      entry.setAttribute("aria-pressed", "true");
      entry.addEventListener("click", press);
      entry.addEventListener("keydown", event => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); press(); }
      });
    }
  }

  // Drawing a rectangle over a plot shows that part of it; a button shows all again.
  for (const svg of document.querySelectorAll("figure svg")) {
    const whole = svg.getAttribute("viewBox");
    const at = event => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const line = document.createElement("p");
    line.className = "zoom";
    const back = line.appendChild(document.createElement("button"));
    back.type = "button";
    back.textContent = "Show the whole plot";
    back.addEventListener("click", () => { svg.setAttribute("viewBox", whole); line.remove(); });
    let start = null, mark = null;
    svg.addEventListener("pointerdown", event => {
      if (event.pointerType !== "mouse" || event.button !== 0 || event.target.closest("[data-switch]")) return;
      start = at(event);
      event.preventDefault();
    });
    svg.addEventListener("pointermove", event => {
      if (!start) return;
      if (!mark) {
        mark = svg.appendChild(document.createElementNS(svg.namespaceURI, "rect"));
        mark.setAttribute("class", "mark");
        if (event.isTrusted) svg.setPointerCapture(event.pointerId);
      }
      const end = at(event);
      for (const [name, value] of [["x", Math.min(start.x, end.x)], ["y", Math.min(start.y, end.y)],
        ["width", Math.abs(end.x - start.x)], ["height", Math.abs(end.y - start.y)]]) mark.setAttribute(name, value);
    });
    const end = event => {
      if (start && mark) {
        const to = at(event), wide = Math.abs(to.x - start.x), high = Math.abs(to.y - start.y);
        if (event.type === "pointerup" && wide > 12 && high > 12) {
          // The drawing keeps its shape on the page: the part shown is widened or heightened to it.
          const [, , width, height] = whole.split(" ").map(Number);
          const scale = Math.max(wide / width, high / height);
          const [x, y] = [(start.x + to.x) / 2 - scale * width / 2, (start.y + to.y) / 2 - scale * height / 2];
          svg.setAttribute("viewBox", [x, y, scale * width, scale * height].join(" "));
          svg.closest(".scroll").after(line);
        }
        mark.remove();
      }
      start = mark = null;
    };
    svg.addEventListener("pointerup", end);
    svg.addEventListener("pointercancel", end);
  }

  const hints = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      const cut = box.scrollWidth > box.clientWidth + 1;
      box.classList.toggle("cut", cut);
      if (cut) box.tabIndex = 0; else box.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", hints);
  hints();
})();
