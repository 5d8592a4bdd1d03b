"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const names = data.forecasters;
  // Charts reach this many times the range of the actual values beyond it.
  const MOST_SPREADS = 3;
  const SVG = "http://www.w3.org/2000/svg";
  const colour = (name) => `var(--c${names.indexOf(name) % 8})`;
  // From the ninth forecaster on, colours come again, with dashes and other keys.
  const round = (name) => Math.floor(names.indexOf(name) / 8) % 3;
  const dash = (name) => [null, "6 3", "2 3"][round(name)];

  function make(parent, tag, attributes = {}, text = null) {
    const one = parent.namespaceURI === SVG || tag === "svg"
      ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined) one.setAttribute(key, value);
    }
    if (text !== null) one.textContent = text;
    parent.append(one);
    return one;
  }

  function number(value) {
    if (value === null || value === undefined) return "-";
    const size = Math.abs(value);
    if (size >= 999.5) return Math.round(value).toLocaleString("en-US");
    return String(Number(value.toPrecision(4)));
  }

  function ticks(low, high, count) {
    const rough = (high - low) / Math.max(1, count) || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((of) => of * power).find((of) => of >= rough);
    const found = [];
    for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1) {
      found.push(Number((at * step).toPrecision(12)));
    }
    return found;
  }

  // Shorten a name in the middle, or at its end if others would look the same.
  function short(text, most) {
    if (text.length <= most) return text;
    const inMiddle = (name) => `${name.slice(0, most / 2)}…${name.slice(-most / 2 + 1)}`;
    const isAlone = names.every((name) => name === text
      || inMiddle(name) !== inMiddle(text));
    return isAlone ? inMiddle(text) : `${text.slice(0, most - 1)}…`;
  }

  // Draw lines over positions 0, 1, ..., with labels for them.
  function drawLines(box, said, { labels, lines, zero, height, unit }) {
    box.replaceChildren();
    const width = box.clientWidth || 600;
    const values = [];
    for (const { points, band } of lines) {
      for (const [, y] of points) if (y !== null) values.push(y);
      for (const [, low, high] of band || []) values.push(low, high);
    }
    if (zero) values.push(0);
    let low = Math.min(...values);
    let high = Math.max(...values);
    // A forecast that explodes must not flatten the actual values.
    const actual = lines.filter(({ name }) => name === "actual").flatMap(
      ({ points }) => points.map(([, value]) => value)).filter((value) => value !== null);
    const most = MOST_SPREADS * (Math.max(...actual) - Math.min(...actual));
    const isCut = most > 0 && (high > Math.max(...actual) + most
      || low < Math.min(...actual) - most);
    if (isCut) {
      low = Math.max(low, Math.min(...actual) - most);
      high = Math.min(high, Math.max(...actual) + most);
    }
    if (!(high > low)) { low -= 1; high += 1; }
    const rest = (high - low) * 0.04;
    if (!zero || low < 0) low -= rest;
    high += rest;
    const marks = ticks(low, high, 5);
    const left = 14 + 7 * Math.max(...marks.map((mark) => number(mark).length));
    const [top, right, bottom] = [8, 12, 24];
    const last = Math.max(1, labels.length - 1);
    const x = (at) => left + (at / last) * (width - left - right);
    const y = (value) => top + (height - top - bottom)
      * Math.max(0, Math.min(1, (high - value) / (high - low)));
    const svg = make(box, "svg", { viewBox: `0 0 ${width} ${height}`, height,
      "aria-hidden": "true" });
    for (const mark of marks) {
      make(svg, "line", { class: "grid", x1: left, x2: width - right, y1: y(mark),
        y2: y(mark), "stroke-width": mark === 0 && zero ? 2 : null });
      make(svg, "text", { x: left - 6, y: y(mark) + 4, "text-anchor": "end" },
        number(mark));
    }
    const room = 16 + 7 * Math.max(...labels.map((label) => label.length));
    // Every so many labels, counted so that one of them stands near the end.
    const every = Math.max(1, Math.ceil(last * room / (width - left - right)));
    const final = Math.floor(last * Math.min(1, 1 - (room / 2 - right - 8) / (width - left - right)));
    for (let at = 0; at < labels.length; at += 1) {
      const fits = x(at) - room / 2 > 0 && x(at) + room / 2 < width + 9;
      if (!fits || at > final || (final - at) % every) continue;
      make(svg, "text", { x: x(at), y: height - 6, "text-anchor": "middle" }, labels[at]);
    }
    for (const { band, color } of lines) {
      if (!band || !band.length) continue;
      const upper = band.map(([at, , to]) => `${x(at)},${y(to)}`);
      const lower = band.map(([at, from]) => `${x(at)},${y(from)}`).reverse();
      make(svg, "polygon", { points: [...upper, ...lower].join(" "), fill: color,
        "fill-opacity": 0.16 });
    }
    for (const { points, color, wide, dashes } of lines) {
      const known = points.filter(([, value]) => value !== null);
      if (known.length === 1) {
        make(svg, "circle", { cx: x(known[0][0]), cy: y(known[0][1]), r: 3.5,
          fill: color });
      }
      make(svg, "polyline", { fill: "none", stroke: color, "stroke-width": wide || 1.8,
        "stroke-dasharray": dashes || null, "stroke-linejoin": "round",
        points: known.map(([at, value]) => `${x(at)},${y(value)}`).join(" ") });
    }
    const cursor = make(svg, "line", { y1: top, y2: height - bottom, stroke:
      "var(--dim)", visibility: "hidden" });
    const rest0 = (said.dataset.rest || "")
      + (isCut ? " Some values are outside of the chart, and drawn at its edge." : "");
    let now = null;
    function show(at) {
      now = at;
      cursor.setAttribute("visibility", at === null ? "hidden" : "visible");
      said.replaceChildren();
      if (at === null) { said.textContent = rest0; return; }
      cursor.setAttribute("x1", x(at));
      cursor.setAttribute("x2", x(at));
      make(said, "b", {}, `${unit}${labels[at]}`);
      for (const name of new Set(lines.map((line) => line.name))) {
        const found = [];
        for (const line of lines.filter((one) => one.name === name)) {
          const point = line.points.find(([place]) => place === at);
          const bounds = (line.band || []).find(([place]) => place === at);
          if (point && point[1] !== null) {
            found.push(number(point[1]) + (bounds
              ? ` (${number(bounds[1])} to ${number(bounds[2])})` : ""));
          }
        }
        if (!found.length) continue;
        const color = lines.find((one) => one.name === name).color;
        said.append("  ");
        make(said, "span", { class: `key k${round(name)}`, style: `color:${color}` });
        said.append(`${short(name, 30)} ${found.join(", ")}`);
      }
      // What is below must not move to and fro.
      said.style.minHeight = `${said.offsetHeight}px`;
    }
    said.style.minHeight = "";
    show(null);
    box.onpointermove = box.onpointerdown = (event) => {
      const place = (event.clientX - box.getBoundingClientRect().left - left)
        / (width - left - right);
      show(Math.max(0, Math.min(labels.length - 1, Math.round(place * last))));
    };
    // A finger is lifted to read.
    box.onpointerleave = (event) => { if (event.pointerType === "mouse") show(null); };
    box.onblur = () => show(null);
    box.onkeydown = (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[
        event.key];
      if (move === undefined) return;
      event.preventDefault();
      const from = now === null ? (move > 0 ? -1 : labels.length) : now;
      show(Math.max(0, Math.min(labels.length - 1, from + move)));
    };
  }

  // Draw one row per forecaster on one axis: a mark, and a bar behind it.
  function drawRows(box, said, { rows, log, line, from, format, words }) {
    box.replaceChildren();
    const width = box.clientWidth || 600;
    const transform = log ? Math.log10 : (value) => value;
    const values = rows.flatMap(({ value, low, high }) => [value, low ?? value,
      high ?? value]).concat(line === null ? [] : [line], from === undefined ? [] : [from]);
    let [first, end] = [Math.min(...values), Math.max(...values)].map(transform);
    const rest = (end - first || 1) * 0.06;
    if (from === undefined) first -= rest;
    end += rest;
    const left = Math.min(width * 0.42, 12 + 7 * Math.max(...rows.map(
      ({ name }) => short(name, 26).length)));
    const letters = Math.max(4, Math.floor((left - 12) / 7));
    const right = 60;
    const height = 34 + 26 * rows.length;
    const x = (value) => left + (transform(value) - first) / (end - first)
      * (width - left - right);
    const svg = make(box, "svg", { viewBox: `0 0 ${width} ${height}`, height,
      "aria-hidden": "true" });
    const marks = log ? logTicks(first, end) : ticks(first, end, 5);
    for (const mark of marks) {
      make(svg, "line", { class: "grid", x1: x(mark), x2: x(mark), y1: 4,
        y2: height - 24 });
      make(svg, "text", { x: x(mark), y: height - 8, "text-anchor": "middle" },
        number(mark));
    }
    if (line !== null) {
      make(svg, "line", { x1: x(line), x2: x(line), y1: 4, y2: height - 24,
        stroke: "var(--dim)", "stroke-width": 2, "stroke-dasharray": "4 3" });
    }
    rows.forEach(({ name, value, low, high }, place) => {
      const middle = 17 + 26 * place;
      const group = make(svg, "g");
      make(group, "title", {}, `${name}: ${words({ value, low, high })}`);
      make(group, "rect", { x: 0, y: middle - 13, width, height: 26, fill: "transparent" });
      make(group, "text", { class: "name", x: left - 8, y: middle + 4,
        "text-anchor": "end" }, short(name, letters));
      if (low !== null && low !== undefined) {
        make(group, "line", { x1: x(low), x2: x(high), y1: middle, y2: middle,
          stroke: colour(name), "stroke-width": 6, "stroke-opacity": 0.35,
          "stroke-linecap": "round" });
      }
      make(group, "circle", { cx: x(value), cy: middle, r: 5, stroke: colour(name),
        "stroke-width": 2, fill: round(name) ? "var(--back)" : colour(name) });
      make(group, "text", { x: width - 2, y: middle + 4, "text-anchor": "end" },
        format(value));
      const tell = () => { said.textContent = `${name}: ${words({ value, low, high })}`; };
      group.onpointerenter = group.onpointerdown = tell;
    });
    let now = -1;
    const leave = () => { now = -1; said.textContent = said.dataset.rest || ""; };
    leave();
    box.onpointerleave = (event) => { if (event.pointerType === "mouse") leave(); };
    box.onblur = leave;
    box.onkeydown = (event) => {
      const move = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!move) return;
      event.preventDefault();
      now = Math.max(0, Math.min(rows.length - 1, now + move));
      said.textContent = `${rows[now].name}: ${words(rows[now])}`;
    };
  }

  function logTicks(first, end) {
    const found = [];
    for (let power = Math.floor(first) - 1; power <= end; power += 1) {
      for (const digit of end - first > 2 ? [1] : [1, 2, 5]) {
        const mark = digit * 10 ** power;
        const at = Math.log10(mark);
        if (at >= first && at <= end) found.push(Number(mark.toPrecision(6)));
      }
    }
    // Values that are near have no such mark between them.
    return found.length > 1 ? found
      : ticks(10 ** first, 10 ** end, 4).filter((mark) => mark > 0);
  }

  const drawings = [];
  const chart = (id) => [document.getElementById(id), document.getElementById(`${id}-said`)];
  const shown = new Set(data.shown);

  function linesOfSeries(one, residuals) {
    const lines = [];
    for (const name of names) {
      if (!shown.has(name)) continue;
      for (const window of one.windows[name] || []) {
        const [start, forecast, low, high] = window;
        const points = forecast.map((value, step) => [start + step,
          residuals ? value - one.actual[start + step] : value]);
        const band = low && !residuals
          ? low.map((value, step) => [start + step, value, high[step]]) : null;
        lines.push({ name, points, band, color: colour(name), dashes: dash(name) });
      }
    }
    if (residuals) return lines;
    if (one.ahead) {
      const [start, forecast, low, high] = one.ahead;
      lines.push({ name: `next: ${data.winner}`, color: colour(data.winner),
        dashes: "5 4",
        points: forecast.map((value, step) => [start + step, value]),
        band: low && low.map((value, step) => [start + step, value, high[step]]) });
    }
    lines.push({ name: "actual", color: "var(--text)", wide: 1.6,
      points: one.actual.map((value, at) => [at, value]) });
    return lines;
  }

  if (data.series.length) {
    const select = document.getElementById("series");
    const draw = () => {
      const one = data.series[Number(select.value) || 0];
      const common = { labels: one.times, unit: "" };
      drawLines(...chart("forecasts"), { ...common, height: 340,
        lines: linesOfSeries(one, false) });
      const lines = linesOfSeries(one, true);
      const place = lines.length ? Math.min(...lines.map(({ points }) => points[0][0])) : 0;
      drawLines(...chart("residuals"), { unit: "", labels: one.times.slice(place, one.n),
        height: 200, zero: true,
        lines: lines.map((line) => ({ ...line,
          points: line.points.map(([at, value]) => [at - place, value]) })) });
    };
    select.onchange = draw;
    for (const button of document.querySelectorAll("button[data-name]")) {
      const name = names[Number(button.dataset.name)];
      button.onclick = () => {
        if (shown.has(name)) shown.delete(name); else shown.add(name);
        button.setAttribute("aria-pressed", String(shown.has(name)));
        draw();
      };
    }
    drawings.push(draw);
  }
  if (data.horizon) {
    drawings.push(() => drawLines(...chart("horizon"), { labels: data.horizon.steps,
      unit: "step ", height: 280, zero: true,
      lines: Object.entries(data.horizon.errors).map(([name, errors]) => ({ name,
        color: colour(name), dashes: dash(name),
        points: errors.map((error, at) => [at, error]) })) }));
  }
  const digits = (value) => value.toFixed(3);
  const range = ({ low, high }) => (low === null || low === undefined ? ""
    : ` (95 % interval ${digits(low)} to ${digits(high)})`);
  if (data.skill) {
    drawings.push(() => drawRows(...chart("skill"), { rows: data.skill, log: true, line: 1,
      format: digits, words: (row) => `ratio ${digits(row.value)}${range(row)}` }));
  }
  if (data.ranks) {
    drawings.push(() => drawRows(...chart("ranks"), { rows: data.ranks, line: null, from: 1,
      format: (value) => value.toFixed(2),
      words: ({ value }) => `mean rank ${value.toFixed(2)}` }));
  }
  if (data.seconds) {
    drawings.push(() => drawRows(...chart("seconds"), { rows: data.seconds, log: true,
      line: null, format: (value) => `${Number(value.toPrecision(2))} s`,
      words: ({ value }) => `${value.toPrecision(3)} seconds a window` }));
  }
  const drawAll = () => drawings.forEach((draw) => draw());
  drawAll();
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) { width = innerWidth; drawAll(); }
  });

  for (const table of document.querySelectorAll("table.sorts")) {
    const [head] = table.tHead.rows;
    [...head.cells].forEach((cell, column) => {
      const button = cell.querySelector("button");
      if (!button) return;
      button.onclick = () => {
        const down = cell.getAttribute("aria-sort") === "ascending";
        for (const other of head.cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = (row) => {
          const { dataset, textContent } = row.cells[column];
          return dataset.v ?? (textContent === "-" ? "" : textContent);
        };
        const rows = [...table.tBodies[0].rows];
        const isNumber = rows.every((row) => key(row) === "" || !isNaN(key(row)));
        rows.sort((one, two) => {
          const [a, b] = [key(one), key(two)];
          if (a === "" || b === "") return (a === "") - (b === "");
          const order = isNumber ? a - b : a.localeCompare(b, "en", { numeric: true });
          return down ? -order : order;
        });
        table.tBodies[0].append(...rows);
      };
    });
  }
})();
