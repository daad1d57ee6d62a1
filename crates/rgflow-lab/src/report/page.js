// Brings the static figures to life: values under the pointer, zoom by dragging, legends that hide curves, downloads. The pictures are
// the SVGs already in the page; after a zoom the axes and curves are drawn again by the rules of the Rust code beside this file.
"use strict";
(() => {
const store = JSON.parse(document.getElementById("figure-data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const px = v => String(Math.round(Math.max(-1e5, Math.min(1e5, v)) * 10) / 10);
const escape = s => s.replace(/[&<>"']/g, c => "&#" + c.charCodeAt(0) + ";");
const superscript = s => String(s).replace(/[-0-9]/g, c => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"[c === "-" ? 0 : +c + 1]);

// ---- numbers -------------------------------------------------------------------------------------------------------------
const short = v => {
  if (!Number.isFinite(v)) return "–";
  const [m, e] = v.toExponential(4).split("e");
  if (v === 0 || (+e >= -4 && +e < 7)) return String(+v.toPrecision(5)).replace("-", "−");
  return (String(+m) + "×10" + superscript(+e)).replace("-", "−");
};
const withError = (v, e) => {
  if (!(Number.isFinite(v) && e > 0)) return short(v);
  // Both to the second digit of the error.
  const decimals = 1 - Math.floor(Math.log10(e));
  if (decimals < 0 || decimals > 6) return short(v) + " ± " + short(+e.toPrecision(2));
  return v.toFixed(decimals).replace("-", "−") + " ± " + e.toFixed(decimals);
};
const subscripts = s => escape(s).replace(/(^|[^\w.\-\u0080-\uffff])([A-Za-z])_([A-Za-z0-9]{1,3})(?![\w\u0080-\uffff]|\.\w)/g, "$1$2<sub>$3</sub>");

// ---- axes: the twins of axis.rs and svg/mod.rs -----------------------------------------------------------------------------
const toU = (r, v) => !Number.isFinite(v) ? null : !r.log ? v : v > 0 ? Math.log10(v) : v === 0 ? r.zero : null;
const fraction = (r, u) => (u - r.lo) / (r.hi - r.lo);
function linearTicks(lo, hi, target) {
  const raw = (hi - lo) / target, base = 10 ** Math.floor(Math.log10(raw));
  const step = base * (raw < 1.4 * base ? 1 : raw < 3 * base ? 2 : raw < 7 * base ? 5 : 10);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(lo / step - 1e-6), last = Math.floor(hi / step + 1e-6), most = Math.max(Math.abs(lo), Math.abs(hi)), out = [];
  if (!(last - first < 200)) return out;
  for (let i = first; i <= last; i++) {
    const v = i * step;
    let label = Math.abs(v) < step * 1e-6 ? "0" : v.toFixed(Math.min(decimals, 12));
    if (label !== "0" && (most >= 1e6 || decimals > 5)) {
      const [m, e] = v.toExponential(Math.max(0, Math.min(12, Math.ceil(Math.log10(most / step))))).split("e");
      label = +m + "·10" + superscript(+e);
    }
    out.push([v, label.replace("-", "−")]);
  }
  return out;
}
function ticks(r, target) {
  if (r.names) return r.names.map((name, at) => [at, name]).filter(([at]) => at >= r.lo && at <= r.hi);
  if (!r.log) return linearTicks(r.lo, r.hi, target);
  const out = r.zero !== null && r.zero >= r.lo - 1e-9 ? [[r.zero, "0"]] : [];
  const lo = r.zero === null ? r.lo : Math.max(r.lo, r.zero + 0.2), first = Math.ceil(lo - 1e-9), last = Math.floor(r.hi + 1e-9);
  const decades = last - first + 1;
  if (decades < 2) {
    const round = [];
    for (let p = first - 1; p <= last; p++) for (const m of [1, 2, 5]) round.push([p + Math.log10(m), short(m * 10 ** p)]);
    const inside = round.filter(([u]) => u >= lo && u <= r.hi);
    if (inside.length > 2) return out.concat(inside);
    for (const [v, label] of linearTicks(10 ** lo, 10 ** r.hi, target)) if (v > 0) out.push([Math.log10(v), label]);
    return out;
  }
  const stride = Math.max(1, Math.ceil(decades / (target + 2))), plain = first >= -3 && last <= 4;
  for (let p = first - 1; p <= last; p++) {
    const label = p === 0 ? "1" : plain && p >= -3 ? (10 ** p).toFixed(Math.max(0, -p)) : "10" + superscript(p);
    if (p >= first) out.push([p, (p - first) % stride ? "" : label]);
    if (decades <= 7) for (let m = 2; m < 10; m++) { const u = p + Math.log10(m); if (u >= lo && u <= r.hi) out.push([u, ""]); }
  }
  return out;
}
function axes(p) {
  const [left, top, w, h] = p.r, bottom = top + h;
  let grid = "", mark = "", text = "", cut = "";
  for (const [u, label] of ticks(p.x, Math.max(2, Math.floor(w / 70)))) {
    const at = left + w * fraction(p.x, u);
    if (at < left - .5 || at > left + w + .5) continue;
    if (label) grid += `M${px(at)} ${px(top)}V${px(bottom)}`;
    mark += `M${px(at)} ${px(bottom)}v${label ? 5 : 3}`;
    if (label) text += `<text class="t m" x="${px(at)}" y="${px(bottom + 18)}">${label}</text>`;
  }
  for (const [u, label] of ticks(p.y, Math.max(2, Math.floor(h / 46)))) {
    const at = bottom - h * fraction(p.y, u);
    if (at < top - .5 || at > bottom + .5) continue;
    if (label) grid += `M${px(left)} ${px(at)}H${px(left + w)}`;
    mark += `M${px(left)} ${px(at)}h-${label ? 5 : 3}`;
    if (label) text += `<text class="t e" x="${px(left - 8)}" y="${px(at + 4)}">${label}</text>`;
  }
  if (p.x.zero !== null && p.x.zero >= p.x.lo) {
    const at = left + w * fraction(p.x, p.x.zero + .55 * Math.max(.2, .1 * (p.home.x.hi - p.x.zero)));
    cut += `M${px(at - 4)} ${px(bottom + 4)}l4 -8M${px(at)} ${px(bottom + 4)}l4 -8`;
  }
  if (p.y.zero !== null && p.y.zero >= p.y.lo) {
    const at = bottom - h * fraction(p.y, p.y.zero + .55 * Math.max(.2, .1 * (p.home.y.hi - p.y.zero)));
    cut += `M${px(left - 4)} ${px(at + 4)}l8 -4M${px(left - 4)} ${px(at)}l8 -4`;
  }
  return `<path class="grid" d="${p.kind === "map" ? "" : grid}"/><rect class="frame" x="${px(left)}" y="${px(top)}" width="${px(w)}" height="${px(h)}"/>` +
    `<path class="axis" d="M${px(left)} ${px(top)}V${px(bottom)}H${px(left + w)}${mark}"/><path class="mark" style="stroke-dasharray:none" d="${cut}"/>${text}`;
}

// ---- curves: the twin of svg/curves.rs -------------------------------------------------------------------------------------
const shapes = [
  (x, y) => `M${px(x)} ${px(y)}h.01`,
  (x, y) => `M${px(x - 2.5)} ${px(y - 2.5)}h5v5h-5z`,
  (x, y) => `M${px(x)} ${px(y - 3.6)}l3.2 5.8h-6.4z`,
  (x, y) => `M${px(x)} ${px(y - 3.4)}l3.4 3.4l-3.4 3.4l-3.4-3.4z`,
];
const place = (p, x, y) => {
  const a = toU(p.x, x), b = toU(p.y, y);
  return a === null || b === null ? null : [p.r[0] + p.r[2] * fraction(p.x, a), p.r[1] + p.r[3] * (1 - fraction(p.y, b))];
};
function curve(p, c) {
  const at = c.points.map(([x, y]) => place(p, x, y)), floor = p.r[1] + p.r[3];
  let bars = "", line = "", dots = "";
  at.forEach((q, i) => {
    if (!q) return;
    const before = i > 0 && at[i - 1], after = at[i + 1], [x, y, e] = c.points[i];
    if (c.line) line += `${before ? "L" : "M"}${px(q[0])} ${px(q[1])}`;
    if (c.shape !== null) dots += shapes[c.shape](q[0], q[1]);
    else if (!before && !after) dots += shapes[0](q[0], q[1]);
    if (e > 0) {
      const low = (place(p, x, y - e) || [0, floor])[1], high = (place(p, x, y + e) || q)[1];
      if (Math.abs(low - high) >= 1) bars += `M${px(q[0] - 2.5)} ${px(low)}h5m-2.5 0V${px(high)}m-2.5 0h5`;
    }
  });
  return (bars && `<path class="er" d="${bars}"/>`) + (line && `<path class="ln ${c.dash || ""}" d="${line}"/>`) + (dots && `<path class="${c.shape ? "mk" : "dot"}" d="${dots}"/>`);
}
function redraw(p) {
  p.svg.querySelector(".axes").innerHTML = axes(p);
  if (p.kind === "curves") p.curves.forEach((c, i) => { c.g.innerHTML = curve(p, c); });
  if (p.kind === "map") {
    // Cells are fills without strokes: an affine map of the group is the zoom.
    const [left, top, w, h] = p.r, one = (home, now, from, size, flip) => {
      const s = (home.hi - home.lo) / (now.hi - now.lo), o = (flip ? now.hi - home.hi : home.lo - now.lo) / (now.hi - now.lo);
      return [s, from + size * o - s * from];
    };
    const [sx, tx] = one(p.home.x, p.x, left, w, false), [sy, ty] = one(p.home.y, p.y, top, h, true);
    p.svg.querySelector(".zoom").setAttribute("transform", `matrix(${sx} 0 0 ${sy} ${tx} ${ty})`);
  }
  const zoomed = q => q.home && (q.x.lo !== q.home.x.lo || q.x.hi !== q.home.x.hi || q.y.lo !== q.home.y.lo || q.y.hi !== q.home.y.hi);
  // At home points on the edge are seen whole; in a zoom nothing reaches out of the frame.
  const edge = p.svg.querySelector("clipPath rect"), margin = p.kind === "map" || zoomed(p) ? 0 : 4;
  [["x", p.r[0] - margin], ["y", p.r[1] - margin], ["width", p.r[2] + 2 * margin], ["height", p.r[3] + 2 * margin]].forEach(([k, v]) => edge.setAttribute(k, px(v)));
  p.reset.disabled = !p.all.some(zoomed);
}

// ---- values under the pointer ----------------------------------------------------------------------------------------------
function show(p, at, text) {
  let g = p.svg.querySelector(".cursor");
  if (!g) { g = document.createElementNS(SVG, "g"); g.setAttribute("class", "cursor"); p.svg.append(g); }
  const [left, top, w, h] = p.r;
  // The keyboard may reach points outside the zoom: their values are shown at the edge, without a cross.
  const inside = at && at[0] > left - 1 && at[0] < left + w + 1 && at[1] > top - 1 && at[1] < top + h + 1;
  if (at && !inside) at = [Math.max(left, Math.min(left + w, at[0])), Math.max(top, Math.min(top + h, at[1]))];
  g.innerHTML = inside ? `<path class="cross" d="M${px(at[0])} ${px(top)}v${px(h)}M${px(left)} ${px(at[1])}h${px(w)}"/>` +
    (p.kind === "curves" ? `<circle class="spot" cx="${px(at[0])}" cy="${px(at[1])}" r="5"/>` : "") : "";
  p.tip.innerHTML = at ? subscripts(text) : "";
  if (!at) return;
  const box = p.svg.getBoundingClientRect(), k = box.width / p.svg.viewBox.baseVal.width, x = at[0] * k, y = at[1] * k;
  const right = x + 14 + p.tip.offsetWidth > box.width;
  p.tip.style.left = Math.max(0, right ? x - 14 - p.tip.offsetWidth : x + 14) + "px";
  p.tip.style.top = Math.max(0, y - p.tip.offsetHeight - 10) + "px";
}
function pick(p, c, i) {
  const [x, y, e] = p.curves[c].points[i], at = place(p, x, y);
  if (!at) return;
  p.at = [c, i];
  const lines = [`${p.x.label || "x"} = ${short(x)}`], seen = p.curves.filter(o => !o.hidden);
  // A few curves are read together at one x; of many only the nearest.
  for (const o of seen.length <= 8 ? seen : [p.curves[c]]) {
    const q = o === p.curves[c] ? p.curves[c].points[i] : o.points.find(q => q[0] === x);
    if (q && Number.isFinite(q[1])) lines.push(`${o === p.curves[c] ? "▸ " : ""}${o.label || p.y.label || "y"}: ${withError(q[1], q[2])}`);
  }
  show(p, at, lines.join("\n"));
}
function hover(p, x, y) {
  const [left, top, w, h] = p.r;
  if (x < left - 6 || x > left + w + 6 || y < top - 6 || y > top + h + 6) return show(p, null);
  if (p.kind === "map") {
    const u = p.x.lo + (x - left) / w * (p.x.hi - p.x.lo), v = p.y.lo + (top + h - y) / h * (p.y.hi - p.y.lo);
    const cell = (edges, q) => edges.findIndex(e => e && q >= Math.min(...e) && q <= Math.max(...e));
    return pickCell(p, cell(p.xe, u), cell(p.ye, v), [x, y]);
  }
  let best = null, least = Infinity;
  p.curves.forEach((c, ci) => c.hidden || c.points.forEach((q, i) => {
    const at = place(p, q[0], q[1]);
    if (!at || at[0] < left - 1 || at[0] > left + w + 1) return;
    const d = (at[0] - x) ** 2 + (at[1] - y) ** 2;
    if (d < least) { least = d; best = [ci, i]; }
  }));
  if (best) pick(p, ...best); else show(p, null);
}
function pickCell(p, c, r, at) {
  if (c < 0 || r < 0) return show(p, null);
  p.at = [c, r];
  const found = p.cells.find(q => q[0] === p.cx[c] && q[1] === p.cy[r]);
  const mid = (ruler, e) => fraction(ruler, (e[0] + e[1]) / 2);
  at = at || [p.r[0] + p.r[2] * mid(p.x, p.xe[c]), p.r[1] + p.r[3] * (1 - mid(p.y, p.ye[r]))];
  show(p, at, `${p.x.label || "x"} = ${short(p.cx[c])}\n${p.y.label || "y"} = ${short(p.cy[r])}\n▸ ${p.label || "value"}: ${found ? withError(found[2], found[3]) : "–"}`);
}

// ---- zoom and keys ---------------------------------------------------------------------------------------------------------
function restore(p) { p.x = { ...p.home.x }; p.y = { ...p.home.y }; show(p, null); redraw(p); }
function narrow(r, a, b) {
  const width = r.hi - r.lo, lo = r.lo + Math.min(a, b) * width, hi = r.lo + Math.max(a, b) * width;
  if (hi - lo > 1e-9 * Math.max(1e-3, Math.abs(lo), Math.abs(hi))) { r.lo = lo; r.hi = hi; }
}
function enliven(p) {
  const svg = p.svg, point = e => { const q = new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse()); return [q.x, q.y]; };
  const [left, top, w, h] = p.r, clamp = ([x, y]) => [Math.max(left, Math.min(left + w, x)), Math.max(top, Math.min(top + h, y))];
  let start = null, box = null;
  svg.classList.add("live");
  svg.tabIndex = 0;
  const span = (a, b) => {
    // A flat or a narrow drag zooms one axis.
    const flat = Math.abs(a[1] - b[1]) < 14, thin = Math.abs(a[0] - b[0]) < 14;
    return [thin ? left : Math.min(a[0], b[0]), flat ? top : Math.min(a[1], b[1]), thin ? w : Math.abs(a[0] - b[0]), flat ? h : Math.abs(a[1] - b[1]), flat && thin];
  };
  svg.addEventListener("pointerdown", e => {
    const q = point(e);
    if (e.button || q[0] < left || q[0] > left + w || q[1] < top || q[1] > top + h) return;
    start = q;
    svg.setPointerCapture(e.pointerId);
  });
  svg.addEventListener("pointermove", e => {
    const q = point(e);
    if (!start) return hover(p, ...q);
    const [x, y, bw, bh, small] = span(start, clamp(q));
    if (!box) { box = document.createElementNS(SVG, "rect"); box.setAttribute("class", "zoombox"); svg.append(box); show(p, null); }
    Object.entries({ x, y, width: small ? 0 : bw, height: small ? 0 : bh }).forEach(([k, v]) => box.setAttribute(k, px(v)));
  });
  const end = (e, cancelled) => {
    const from = start;
    start = null;
    if (box) box.remove();
    box = null;
    if (!from || cancelled) return;
    const [x, y, bw, bh, small] = span(from, clamp(point(e)));
    if (small) return hover(p, ...point(e));
    narrow(p.x, (x - left) / w, (x + bw - left) / w);
    narrow(p.y, (top + h - y - bh) / h, (top + h - y) / h);
    redraw(p);
  };
  svg.addEventListener("pointerup", e => end(e, false));
  svg.addEventListener("pointercancel", e => end(e, true));
  svg.addEventListener("pointerleave", () => { if (!start) show(p, null); });
  svg.addEventListener("dblclick", () => restore(p));
  svg.addEventListener("blur", () => show(p, null));
  svg.addEventListener("keydown", e => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 1], ArrowDown: [1, -1] }[e.key];
    if (e.key === "Escape" || e.key === "0") restore(p);
    else if (e.key === "+" || e.key === "=") { narrow(p.x, .25, .75); narrow(p.y, .25, .75); show(p, null); redraw(p); }
    else if (e.key === "-") { narrow(p.x, -.5, 1.5); narrow(p.y, -.5, 1.5); show(p, null); redraw(p); }
    else if (step && !e.ctrlKey && !e.metaKey && !e.altKey) {
      const [a, b] = p.at || [0, 0];
      if (p.kind === "map") pickCell(p, ...(step[0] ? [a, (b + step[1] + p.cy.length) % p.cy.length] : [(a + step[1] + p.cx.length) % p.cx.length, b]));
      else if (p.curves.length) {
        let c = a;
        if (step[0]) do c = (c + step[1] + p.curves.length) % p.curves.length; while (p.curves[c].hidden && c !== a);
        const n = p.curves[c].points.length;
        if (n) pick(p, c, step[0] ? Math.min(b, n - 1) : (b + step[1] + n) % n);
      }
    } else return;
    e.preventDefault();
  });
}

// ---- downloads -------------------------------------------------------------------------------------------------------------
function save(text, name, type) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([text], { type }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}
function standalone(figure, panels) {
  let inner = "", x = 12, y = 38, row = 0, width = 240;
  for (const svg of panels) {
    const { width: w, height: h } = svg.viewBox.baseVal, full = h + +svg.dataset.legend, copy = svg.cloneNode(true);
    copy.querySelectorAll(".cursor,.zoombox").forEach(e => e.remove());
    if (x > 12 && x + w > 1034) { x = 12; y += row + 12; row = 0; }
    const content = [...copy.childNodes].map(n => new XMLSerializer().serializeToString(n)).join("");
    inner += `<g class="panel" transform="translate(${px(x)} ${px(y)})">${content}</g>\n`;
    x += w + 12;
    width = Math.max(width, x);
    row = Math.max(row, full);
  }
  const size = `width="${px(width)}" height="${px(y + row + 12)}"`;
  return `<svg xmlns="${SVG}" ${size} viewBox="0 0 ${px(width)} ${px(y + row + 12)}" role="img"><title>${escape(figure.title)}</title>` +
    `<desc>${escape(figure.alt)}</desc><style>${store.style}</style><rect ${size} fill="#ffffff"/>` +
    `<g class="panel"><text x="16" y="25" style="font-size:15px" class="h">${escape(figure.title)}</text></g>\n${inner}</svg>\n`;
}

// ---- start -----------------------------------------------------------------------------------------------------------------
for (const element of document.querySelectorAll("figure[data-figure]")) {
  const id = element.dataset.figure, figure = store.figures[id], svgs = [...element.querySelectorAll("svg[data-panel]")];
  const reset = element.querySelector("[data-do=reset]") || {};
  // The CSV is the one copy of the data: rows come panel by panel, curve by curve.
  const rows = figure.panels.map(() => []);
  const number = t => t === "" ? NaN : +t;
  for (const line of figure.csv.split("\n")) {
    if (line && !line.startsWith("panel,")) rows[parseInt(line, 10) - 1].push(line);
  }
  figure.panels.forEach((p, i) => {
    Object.assign(p, { svg: svgs[i], reset, all: figure.panels });
    if (p.kind !== "curves" && p.kind !== "map") return;
    let at = 0;
    const last = n => line => line.split(",").slice(-n).map(number);
    if (p.kind === "map") p.cells = rows[i].map(last(4));
    else p.curves.forEach((c, k) => {
      c.points = rows[i].slice(at, at += c.n).map(last(3));
      c.g = svgs[i].querySelector(`g[data-c="${k}"]`);
    });
    p.home = { x: { ...p.x }, y: { ...p.y } };
    p.tip = document.createElement("div");
    p.tip.className = "tip";
    p.tip.setAttribute("role", "status");
    svgs[i].after(p.tip);
    enliven(p);
  });
  element.addEventListener("click", e => {
    const button = e.target.closest("button");
    if (!button) return;
    if (button.dataset.do === "reset") figure.panels.forEach(p => p.home && restore(p));
    if (button.dataset.do === "csv") save(figure.csv, id + ".csv", "text/csv");
    if (button.dataset.do === "svg") save(standalone(figure, svgs), id + ".svg", "image/svg+xml");
    if (button.dataset.c !== undefined) {
      const c = figure.panels[+button.dataset.p].curves[+button.dataset.c];
      c.hidden = !c.hidden;
      c.g.style.display = c.hidden ? "none" : "";
      button.setAttribute("aria-pressed", String(!c.hidden));
    }
  });
  element.querySelector(".tools").hidden = false;
}
const filter = document.getElementById("filter");
if (filter) {
  const found = document.getElementById("found"), lines = [...document.querySelectorAll("#numbers tbody tr")];
  filter.closest(".filter").hidden = false;
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    lines.forEach(tr => { tr.hidden = !words.every(w => tr.textContent.toLowerCase().includes(w)); });
    found.textContent = words.length ? `${lines.filter(tr => !tr.hidden).length} of ${lines.length}` : "";
  });
}
// Paper has no folds: everything is open while printing.
let opened = [];
addEventListener("beforeprint", () => { opened = [...document.querySelectorAll("details:not([open])")]; opened.forEach(d => { d.open = true; }); });
addEventListener("afterprint", () => { opened.forEach(d => { d.open = false; }); });
})();
