// Figures to explore: error over the input, and accuracy against speed. Each is drawn when its
// button is pressed, from the data beside it; the static figure says the same without this script.
(() => {
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const holder = document.createElement("template");
  holder.innerHTML = "<svg></svg>";
  const SPACE = holder.content.firstChild.namespaceURI;
  const draw = (parent, tag, attributes, text) => {
    const element = document.createElementNS(SPACE, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };

  // -- numbers -----------------------------------------------------------------------------------
  const superscript = (n) => String(n).replace(/./g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
  const short = (value, digits = 4) => {
    if (value === 0) return "0";
    return String(Number(value.toPrecision(digits))).replace("e+", "e");
  };
  // A float64 exactly, as C prints it with %a.
  const hex = (value) => {
    if (!Number.isFinite(value) || value === 0) return String(value);
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    let bits = view.getBigUint64(0);
    const sign = bits >> 63n ? "-" : "";
    let exponent = Number((bits >> 52n) & 2047n) - 1023;
    let fraction = bits & ((1n << 52n) - 1n);
    if (exponent === -1023) {
      exponent = -1022;
      while (!(fraction >> 52n)) { fraction <<= 1n; exponent -= 1; }
      fraction &= (1n << 52n) - 1n;
    }
    const digits = fraction.toString(16).padStart(13, "0").replace(/0+$/, "");
    return `${sign}0x1${digits && "."}${digits}p${exponent < 0 ? "" : "+"}${exponent}`;
  };

  // Errors: linear up to 1 ulp, where half an ulp must be told from one, then by doublings.
  const errorScale = (largest) => {
    const doublings = Math.log2(Math.max(largest, 1));
    const unit = Math.max(1, doublings / 2);
    const place = (e) => (e <= 1 ? e * unit : unit + Math.log2(e));
    const step = Math.max(1, Math.ceil(doublings / 4));
    const ticks = [[0, "0"], [0.5, "0.5 ulp"], [1, "1 ulp"]];
    for (let k = step; k <= doublings + 0.5; k += step) {
      ticks.push([2 ** k, k < 10 ? String(2 ** k) : `2${superscript(k)}`]);
    }
    return { place, ticks, top: Math.max(place(largest), unit) * 1.1 };
  };

  // Ways to lay out inputs; each is a function of the value, nan where it has no place.
  const layouts = (panel) => {
    const { p, emin } = panel;
    const binades = (x) => {
      const size = Math.abs(x);
      if (size < 2 ** emin) return Math.sign(x) * size * 2 ** -emin;
      let e = Math.floor(Math.log2(size));
      let m = size / 2 ** e;
      if (m < 1) { m *= 2; e -= 1; }
      return Math.sign(x) * (e - emin + m);
    };
    const value = (u) => {
      const size = Math.abs(u);
      if (size < 1) return Math.sign(u) * size * 2 ** emin;
      const e = Math.floor(size);
      return Math.sign(u) * (1 + size - e) * 2 ** (e - 1 + emin);
    };
    return {
      "in the order of encodings": { to: binades, from: value, binary: true },
      "linear": { to: (x) => x, from: (u) => u },
      "logarithmic, x > 0": { to: (x) => (x > 0 ? Math.log2(x) : NaN), from: (u) => 2 ** u },
      "logarithmic, x < 0": { to: (x) => (x < 0 ? -Math.log2(-x) : NaN), from: (u) => -(2 ** -u) },
    };
  };

  // -- a figure ----------------------------------------------------------------------------------
  const WIDE = 960, HIGH = 330, LEFT = 62, RIGHT = 16, TOP = 12, BOTTOM = 34;
  const INNER = WIDE - LEFT - RIGHT, DEEP = HIGH - TOP - BOTTOM;

  class Figure {
    constructor(place, words) {
      this.hidden = new Set();
      this.tools = make("div", { className: "tools" });
      this.frame = make("div", { className: "canvas", tabIndex: 0 });
      this.frame.setAttribute("role", "group");
      this.frame.setAttribute("aria-label", `${words} Arrow keys move the cursor, plus and minus ` +
        "zoom, Escape shows everything again; the values stand below.");
      this.said = make("p", { className: "said" }, "Move over the figure to read it; drag to zoom.");
      this.said.setAttribute("role", "status");
      this.legend = make("ul", { className: "legend toggles" });
      holder.innerHTML = `<svg viewBox="0 0 ${WIDE} ${HIGH}" aria-hidden="true"></svg>`;
      this.svg = holder.content.firstChild;
      this.frame.append(this.svg);
      place.append(this.tools, this.frame, this.said, this.legend);
      this.listen();
    }
    button(text, action) {
      const button = make("button", { type: "button" }, text);
      button.addEventListener("click", action);
      this.tools.append(button);
      return button;
    }
    choice(label, options, action) {
      const select = make("select", {});
      select.append(...options.map((text, n) => make("option", { value: String(n) }, text)));
      select.addEventListener("change", () => action(Number(select.value)));
      this.tools.append(make("label", {}, `${label} `, select));
      return select;
    }
    toggle(key, label, sample) {
      const value = make("span", { className: "value" });
      const button = make("button", { type: "button" }, sample || "", label, value);
      button.setAttribute("aria-pressed", "true");
      button.addEventListener("click", () => {
        const shown = this.hidden.has(key);
        if (shown) this.hidden.delete(key); else this.hidden.add(key);
        button.setAttribute("aria-pressed", String(shown));
        this.update();
      });
      this.legend.append(make("li", {}, button));
      return value;
    }
    listen() {
      const across = (event) => {
        const box = this.svg.getBoundingClientRect();
        return [((event.clientX - box.left) / box.width) * WIDE - LEFT,
          ((event.clientY - box.top) / box.height) * HIGH - TOP];
      };
      let start = null, band = null;
      this.svg.addEventListener("pointerdown", (event) => {
        start = across(event)[0];
        this.svg.setPointerCapture(event.pointerId);
        event.preventDefault();
        this.frame.focus();
      });
      this.svg.addEventListener("pointermove", (event) => {
        const [x, y] = across(event);
        if (start !== null && Math.abs(x - start) > 4) {
          if (!band?.isConnected) band = draw(this.svg, "rect", { class: "band", y: TOP, height: DEEP });
          band.setAttribute("x", LEFT + Math.max(0, Math.min(x, start)));
          band.setAttribute("width", Math.abs(x - start));
        } else this.point(x, y);
      });
      this.svg.addEventListener("pointerup", (event) => {
        const end = across(event)[0], began = start;
        start = null;
        band?.remove();
        if (began === null) return;
        if (Math.abs(end - began) > 4) this.zoomTo(...[began, end].sort((a, b) => a - b));
        else this.press();
      });
      this.svg.addEventListener("dblclick", () => this.reset());
      this.frame.addEventListener("keydown", (event) => {
        const action = {
          ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1), Enter: () => this.press(),
          "+": () => this.scale(0.5), "=": () => this.scale(0.5), "-": () => this.scale(2),
          Escape: () => this.reset(),
        }[event.key];
        if (!action) return;
        action();
        event.preventDefault();
      });
    }
    press() {}
    zoomButtons() {
      this.button("Zoom in", () => this.scale(0.5));
      this.button("Zoom out", () => this.scale(2));
      this.button("Show all", () => this.reset());
    }
    // The view is a range of the layout's own coordinate.
    at(u) { return ((u - this.view[0]) / (this.view[1] - this.view[0])) * INNER; }
    under(x) { return this.view[0] + (x / INNER) * (this.view[1] - this.view[0]); }
    zoomTo(from, to) { this.view = [this.under(from), this.under(to)]; this.limit(); this.update(); }
    scale(factor) {
      const centre = this.cursorAt ?? (this.view[0] + this.view[1]) / 2;
      this.view = this.view.map((end) => centre + (end - centre) * factor);
      this.limit();
      this.update();
    }
    limit() {
      this.view = [Math.max(this.view[0], this.all[0]), Math.min(this.view[1], this.all[1])];
      if (!(this.view[1] > this.view[0])) this.view = [...this.all];
    }
    reset() { this.view = [...this.all]; this.update(); }
    clear(scale) {
      this.svg.replaceChildren();
      this.high = (e) => DEEP * (1 - scale.place(e) / scale.top);
      for (const [error, label] of scale.ticks) {
        const y = TOP + this.high(error);
        if (y < TOP) continue;
        const rule = error === 0.5 || error === 1 ? "rule" : "grid";
        draw(this.svg, "path", { class: rule, d: `M${LEFT} ${y}h${INNER}` });
        draw(this.svg, "text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, label);
      }
      this.plot = draw(this.svg, "svg", { x: LEFT, y: TOP, width: INNER, height: DEEP });
    }
    tick(u, label) {
      const x = LEFT + this.at(u);
      draw(this.svg, "path", { class: "grid", d: `M${x} ${TOP}v${DEEP}` });
      draw(this.svg, "text", { x, y: HIGH - BOTTOM + 16, "text-anchor": "middle" }, label);
    }
    name(text) {
      draw(this.svg, "text", { x: LEFT + INNER / 2, y: HIGH - 3, "text-anchor": "middle" }, text);
    }
  }

  const SERIES = 6;
  const DASHES = ["", "10 3", "3 3", "14 3 3 3", "6 6"];
  const colour = (style) => `var(--c${(style % SERIES) + 1})`;
  const sampleOf = (style) => {
    holder.innerHTML = '<svg class="sample" viewBox="0 0 34 8" aria-hidden="true"><path d="M1 4h32"/></svg>';
    const path = holder.content.querySelector("path");
    path.style.stroke = colour(style);
    path.setAttribute("stroke-dasharray", DASHES[style % DASHES.length]);
    return holder.content.firstChild;
  };

  // -- error over the input ----------------------------------------------------------------------
  class ErrorFigure extends Figure {
    constructor(place, data) {
      super(place, `Error of ${data.title} over its input.`);
      this.data = data;
      this.choice("format", data.panels.map((panel) => panel.format), (n) => this.choose(n));
      this.choice("inputs", Object.keys(layouts({ p: 24, emin: -126 })), (n) => this.lay(n));
      this.zoomButtons();
      this.layout = 0;
      this.choose(0);
    }
    choose(number) {
      this.panel = this.data.panels[number];
      if (this.panel.p === 24) this.panel.edges = this.panel.edges.map(Math.fround);
      this.legend.replaceChildren();
      this.hidden.clear();
      this.values = this.panel.curves.map((curve, n) => this.toggle(n, curve.label, sampleOf(curve.style)));
      this.lay(this.layout);
    }
    lay(number) {
      this.layout = number;
      this.way = Object.values(layouts(this.panel))[number];
      this.places = this.panel.edges.map(this.way.to);
      const known = this.places.filter(Number.isFinite);
      this.all = known.length > 1 ? [Math.min(...known), Math.max(...known)] : [0, 1];
      this.cursor = this.cursorAt = null;
      this.reset();
    }
    cell(n) { return [this.places[n], this.places[n + 1]]; }
    update() {
      const shown = this.panel.curves.filter((_, n) => !this.hidden.has(n));
      const inside = this.places.slice(0, -1).map((_, n) => {
        const [low, high] = this.cell(n);
        return Number.isFinite(low) && Number.isFinite(high) && high > this.view[0] && low < this.view[1];
      });
      let largest = 0;
      for (const curve of shown) {
        curve.max.forEach((e, n) => { if (inside[n] && e > largest) largest = e; });
      }
      this.clear(errorScale(largest));
      this.ticks();
      for (const curve of shown) {
        this.line(curve, curve.max, 1.8, inside);
        this.line(curve, curve.mean, 0.9, inside);
        this.witness(curve);
      }
      this.mark();
    }
    line(curve, errors, width, inside) {
      let path = "", joined = false;
      errors.forEach((e, n) => {
        if (e === null || !inside[n]) { joined = false; return; }
        const [low, high] = this.cell(n).map((u) => Math.max(-9, Math.min(INNER + 9, this.at(u))).toFixed(1));
        path += `${joined ? "L" : "M"}${low} ${this.high(e).toFixed(1)}H${high}`;
        joined = true;
      });
      draw(this.plot, "path", {
        d: path, fill: "none", style: `stroke:${colour(curve.style)}`, "stroke-width": width,
        "stroke-dasharray": DASHES[curve.style % DASHES.length],
      });
    }
    witness(curve) {
      const u = curve.witness && this.way.to(curve.witness.x);
      if (!Number.isFinite(u) || curve.witness.e === null) return;
      const circle = draw(this.plot, "circle", {
        cx: this.at(u), cy: this.high(curve.witness.e), r: 4, style: `fill:${colour(curve.style)}`,
      });
      draw(circle, "title", {}, this.told(curve));
    }
    told(curve) {
      const seen = curve.witness;
      return `${curve.label}: ${seen.shown} ulp at ${seen.hex} (${seen.decimal}); ` +
        `got ${seen.got}, want ${seen.want}`;
    }
    ticks() {
      const [from, to] = this.view;
      const span = to - from;
      const names = Object.keys(layouts(this.panel));
      this.name(`input, ${names[this.layout]}`);
      if (names[this.layout] !== "linear" && span > 6) {
        const step = 2 ** Math.ceil(Math.log2(span / 12));
        for (let u = Math.ceil(from / step) * step; u <= to; u += step) {
          let exponent = u;
          if (this.way.binary) exponent = Math.abs(u) - 1 + this.panel.emin;
          else if (this.layout === 3) exponent = -u;
          const zero = this.way.binary && u === 0;
          const sign = (this.way.binary ? u < 0 : this.layout === 3) ? "−" : "";
          this.tick(u, zero ? "0" : sign + (exponent ? `2${superscript(exponent)}` : "1"));
        }
        return;
      }
      for (let n = 0; n <= 6; n += 1) {
        const u = from + (span * n) / 6;
        const digits = Math.min(17, Math.max(4, 3 - Math.floor(Math.log10(span / Math.max(Math.abs(from), Math.abs(to))))));
        this.tick(u, short(this.way.from(u), digits).replace("-", "−"));
      }
    }
    point(x) {
      const u = this.under(x);
      const found = this.places.findIndex((_, n) => {
        const [low, high] = this.cell(n);
        return low <= u && u < high;
      });
      this.go(found < 0 ? null : found);
    }
    step(direction) {
      const last = this.places.length - 2;
      let next = this.cursor === null ? Math.max(0, this.places.findIndex((u) => u >= this.view[0])) : this.cursor + direction;
      while (next > 0 && next < last && !this.panel.curves.some((curve) => curve.max[next] !== null)) next += direction;
      this.go(Math.max(0, Math.min(last, next)));
    }
    go(number) {
      this.cursor = number;
      this.cursorAt = number === null ? null : this.cell(number)[0];
      this.mark();
      if (number === null) return;
      const [low, high] = [this.panel.edges[number], this.panel.edges[number + 1]];
      const condition = this.panel.condition[number];
      const known = condition === null ? "" : ` Condition number ${short(condition, 2)}.`;
      this.said.textContent =
        `Inputs from ${hex(low)} to ${hex(high)} (${short(low)} to ${short(high)}).${known}`;
      this.panel.curves.forEach((curve, n) => {
        const [largest, mean] = [curve.max[number], curve.mean[number]];
        const seen = curve.witness && curve.witness.x >= low && curve.witness.x < high;
        this.values[n].textContent = largest === null ? " no input here"
          : ` ${short(largest)}, mean ${short(mean ?? 0, 3)}${seen ? `; largest at ${curve.witness.hex}` : ""}`;
      });
    }
    mark() {
      this.svg.querySelector(".cursor")?.remove();
      if (this.cursor === null || this.cursor === undefined) return;
      const [low, high] = this.cell(this.cursor).map((u) => Math.max(0, Math.min(INNER, this.at(u))));
      draw(this.svg, "rect", {
        class: "cursor", x: LEFT + low, y: TOP, width: Math.max(1, high - low) || 1, height: DEEP,
      });
    }
  }

  // -- accuracy against speed --------------------------------------------------------------------
  const MARKS = [[4, 0.125], [3, 0.25], [4, 0.25], [3, 0.75], [5, 0.25], [6, 0]];
  const outline = (mark, x, y, size) => {
    const [count, first] = MARKS[mark % MARKS.length];
    return [...Array(count).keys()].map((n) => {
      const turn = 2 * Math.PI * (first + n / count);
      return `${(x + size * Math.cos(turn)).toFixed(1)},${(y - size * Math.sin(turn)).toFixed(1)}`;
    }).join(" ");
  };

  class SpeedFigure extends Figure {
    constructor(place, data) {
      super(place, "Accuracy against speed.");
      this.data = data;
      this.only = -1;
      this.choice("function", ["every function", ...data.functions], (n) => {
        this.only = n - 1;
        this.near = null;
        this.frameAll();
      });
      this.zoomButtons();
      data.curves.forEach((curve) => this.toggle(`c${curve.style}`, curve.label, sampleOf(curve.style)));
      data.formats.forEach((format, n) => {
        holder.innerHTML = '<svg class="mark" viewBox="0 0 16 16" aria-hidden="true"><polygon/></svg>';
        holder.content.querySelector("polygon").setAttribute("points", outline(n, 8, 8, 6));
        this.toggle(`m${n}`, format, holder.content.firstChild);
      });
      this.frameAll();
    }
    get shown() {
      return this.data.points.filter((point) =>
        !this.hidden.has(`c${point.style}`) && !this.hidden.has(`m${point.mark}`) &&
        (this.only < 0 || point.function === this.only));
    }
    frameAll() {
      const places = this.shown.map((point) => Math.log10(point.ns));
      const room = 0.2;
      this.all = places.length ? [Math.min(...places) - room, Math.max(...places) + room] : [0, 1];
      this.reset();
    }
    update() {
      const points = this.shown.filter((point) => {
        const u = Math.log10(point.ns);
        return u >= this.view[0] && u <= this.view[1];
      });
      this.clear(errorScale(Math.max(0, ...points.map((point) => point.ulp))));
      this.name("time an element, ns; lower left is better");
      const [from, to] = this.view;
      for (let power = Math.floor(from); power <= to; power += 1) {
        for (const step of to - from < 2.5 ? [1, 2, 5] : [1]) {
          const u = power + Math.log10(step);
          if (u >= from && u <= to) this.tick(u, short(step * 10 ** power));
        }
      }
      for (const point of points) {
        const x = this.at(Math.log10(point.ns)), y = this.high(point.ulp);
        if (point.interval) {
          const [low, high] = point.interval.map((end) => this.at(Math.log10(end)));
          draw(this.plot, "path", { d: `M${low} ${y}H${high}`, style: `stroke:${colour(point.style)}` });
        }
        draw(this.plot, "polygon", {
          points: outline(point.mark, x, y, point === this.near ? 8 : 5),
          style: `fill:${colour(point.style)}`,
        });
      }
      this.drawn = points;
    }
    point(x, y) {
      let near = null, least = 40 ** 2;
      for (const point of this.drawn) {
        const distance = (this.at(Math.log10(point.ns)) - x) ** 2 + (this.high(point.ulp) - y) ** 2;
        if (distance < least) [near, least] = [point, distance];
      }
      this.tell(near);
    }
    step(direction) {
      const sorted = [...this.drawn].sort((a, b) => a.ns - b.ns);
      if (!sorted.length) return;
      const now = sorted.indexOf(this.near);
      this.tell(sorted[Math.max(0, Math.min(sorted.length - 1, now < 0 ? 0 : now + direction))]);
    }
    tell(point) {
      if (point === this.near) return;
      this.near = point;
      this.cursorAt = point ? Math.log10(point.ns) : null;
      this.update();
      if (point) this.said.textContent = `${point.label}: ${point.said}. Press to go there.`;
    }
    press() { if (this.near) location.hash = this.near.anchor; }
  }

  // -- where they stand --------------------------------------------------------------------------
  for (const place of document.querySelectorAll("[data-explore]")) {
    const button = make("button", { type: "button", className: "start" },
      "Explore: read values, zoom, show and hide curves");
    button.setAttribute("aria-expanded", "false");
    let figure = null;
    const box = make("div", { hidden: true });
    button.addEventListener("click", () => {
      if (!figure) {
        const data = JSON.parse(place.querySelector("script").textContent);
        figure = new (place.dataset.explore === "speed" ? SpeedFigure : ErrorFigure)(box, data);
      }
      box.hidden = !box.hidden;
      button.setAttribute("aria-expanded", String(!box.hidden));
      place.parentElement.classList.toggle("explored", !box.hidden);
    });
    place.append(button, box);
    place.hidden = false;
  }
})();
