// What pages do beyond being read. Without it everything is there, in its first order.
"use strict";

const query = () => new URLSearchParams(location.search);

function keep(changes) {
  const now = query();
  for (const [name, value] of Object.entries(changes)) {
    now.delete(name);
    for (const one of [value].flat()) if (one) now.append(name, one);
  }
  const text = now.toString();
  history.replaceState(null, "", location.pathname + (text ? "?" + text : "") + location.hash);
}

// --- tables that sort by a click on a heading -------------------------------------------------------------

function cellValue(row, column) {
  const cell = row.cells[column];
  if (!cell || cell.dataset.v === undefined) return null;
  const number = Number(cell.dataset.v);
  return Number.isNaN(number) ? cell.dataset.v : number;
}

function compareValues(a, b) {
  return typeof a === "string" || typeof b === "string" ? String(a).localeCompare(String(b)) : a - b;
}

function sortTable(table, column, direction) {
  const sign = direction === "ascending" ? 1 : -1;
  for (const body of table.tBodies) {
    const rows = [...body.rows].map((row) => [cellValue(row, column), row]);
    rows.sort(([a], [b]) => (a === null) - (b === null) || (a === null ? 0 : sign * compareValues(a, b)));
    body.append(...rows.map(([, row]) => row));
  }
  [...table.tHead.rows[0].cells].forEach((cell, k) => {
    cell.setAttribute("aria-sort", k === column ? direction : "none");
  });
}

const headName = (cell) => cell.dataset.name ?? cell.textContent.trim().toLowerCase().replace(/\s+/g, "-");

const completions = new WeakMap(); // of a table that goes on on other pages: what brings all rows
const firstOrders = new WeakMap(); // of a table: the rows of each body

function rememberOrder(table) {
  firstOrders.set(table, [...table.tBodies].map((body) => [...body.rows]));
}

// Each table of a page has words of its own in the address: sort and order, then sort-2 and order-2.
function makeSortable(table, place) {
  const heads = [...table.tHead.rows[0].cells];
  const [sort, order] = ["sort", "order"].map((word) => (place ? `${word}-${place + 1}` : word));
  const names = heads.map(headName);
  if (!firstOrders.has(table)) rememberOrder(table);
  const whole = async (then) => {
    then();
    if (completions.has(table)) await completions.get(table)().then(then);
  };
  heads.forEach((cell, column) => {
    if ("unsorted" in cell.dataset) return;
    const link = cell.querySelector("a");
    const button = document.createElement("button");
    button.type = "button";
    if (link) {
      button.setAttribute("aria-label", "Sort by " + (cell.dataset.name ?? cell.textContent.trim()));
      cell.append("\u00a0", button);
    } else {
      button.append(...cell.childNodes);
      cell.append(button);
    }
    cell.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const first = cell.dataset.first || "descending";
      const other = first === "ascending" ? "descending" : "ascending";
      const direction = cell.getAttribute("aria-sort") === first ? other : first;
      keep({ [sort]: names[column], [order]: direction });
      whole(() => sortTable(table, column, direction));
    });
  });
  table.addEventListener("reset", () => {
    firstOrders.get(table).forEach((rows, k) => table.tBodies[k].append(...rows));
    heads.forEach((cell) => cell.setAttribute("aria-sort", "none"));
    keep({ [sort]: "", [order]: "" });
  });
  const wanted = names.indexOf(query().get(sort));
  const direction = query().get(order) === "ascending" ? "ascending" : "descending";
  if (wanted >= 0) whole(() => sortTable(table, wanted, direction));
}

// --- charts whose curves can be chosen --------------------------------------------------------------------

const seriesOf = (element) => [...element.querySelectorAll("g[data-name]")];
const namesOf = (series) => [...new Set(series.map((one) => one.dataset.name))];

// What the address hides of all curves of the page. Older addresses join the names by commas.
function hiddenCurves() {
  const all = namesOf([...document.querySelectorAll("figure[data-choose]")].flatMap(seriesOf));
  const given = query().getAll("hide").flatMap((one) => (all.includes(one) ? one : one.split(",")));
  return given.filter((one) => all.includes(one));
}

function makeChoosable(figure) {
  const series = seriesOf(figure);
  const names = namesOf(series);
  const hidden = new Set(hiddenCurves().filter((name) => names.includes(name)));
  const box = document.createElement("fieldset");
  box.className = "choose";
  const legend = document.createElement("legend");
  legend.textContent = "Curves";
  box.append(legend);
  const apply = () => {
    for (const one of series) one.classList.toggle("off", hidden.has(one.dataset.name));
  };
  for (const name of names) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "checkbox";
    input.checked = !hidden.has(name);
    input.addEventListener("change", () => {
      input.checked ? hidden.delete(name) : hidden.add(name);
      apply();
      keep({ hide: [...hiddenCurves().filter((other) => !names.includes(other)), ...hidden] });
    });
    label.append(input, name);
    box.append(label);
  }
  figure.before(box);
  apply();
}

// --- places that the address names ---------------------------------------------------------------------

// The place that the address names. What follows # can be anything, as a lone % that is no code of a character.
function namedPlace() {
  const name = location.hash.slice(1);
  try {
    return document.getElementById(decodeURIComponent(name));
  } catch {
    return document.getElementById(name);
  }
}

function openTarget() {
  const target = location.hash && namedPlace();
  const without = document.querySelector("[data-no-pair]");
  if (without) without.hidden = !location.hash || target !== null;
  const details = target && target.closest("details");
  if (details) {
    details.open = true;
    details.scrollIntoView();
  }
}

// --- commands that can be copied --------------------------------------------------------------------------

function makeCopyable(block) {
  if (!navigator.clipboard) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  block.append(button);
}

// --- task pages: the models that stand out in charts of many --------------------------------------------

const highlightable = () => [...document.querySelectorAll("figure[data-highlight]")];

// The names that stand out: those of the address, else those that stand out in the page as it came.
function makeHighlights() {
  const figures = highlightable();
  if (!figures.length) return;
  const named = (figure) => figure.dataset.models.split("\n");
  const names = [...new Set(figures.flatMap(named))];
  const bright = seriesOf(figures[0]).filter((group) => !group.classList.contains("faded"));
  const first = named(figures[0]).filter((name) => bright.some((group) => group.dataset.name === name));
  const given = query().getAll("show").filter((name) => names.includes(name));
  const chosen = new Set(given.length ? given : first);
  const same = () => chosen.size === first.length && first.every((name) => chosen.has(name));
  const boxes = [];
  const apply = () => {
    for (const group of figures.flatMap(seriesOf)) {
      if (names.includes(group.dataset.name)) group.classList.toggle("faded", !chosen.has(group.dataset.name));
      if (chosen.has(group.dataset.name)) group.parentNode.append(group); // on top
    }
    for (const input of boxes) input.checked = chosen.has(input.value);
  };
  for (const figure of figures) {
    const box = document.createElement("fieldset");
    box.className = "highlight";
    box.append(Object.assign(document.createElement("legend"), { textContent: "Highlighted" }));
    for (const name of named(figure)) {
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), { type: "checkbox", value: name });
      input.addEventListener("change", () => {
        input.checked ? chosen.add(name) : chosen.delete(name);
        apply();
        keep({ show: same() ? "" : [...chosen] });
      });
      boxes.push(input);
      label.append(input, name);
      box.append(label);
    }
    figure.before(box);
  }
  apply();
  figures.filter((figure) => figure.dataset.curves).forEach(makeChoiceOfMore);
}

// On a board of many models a chart holds the best; any other is drawn from its curve file once it is named.
async function makeChoiceOfMore(figure) {
  const form = make("form", { class: "filters" });
  const field = make("input", { name: "model", list: "all-models", autocomplete: "off" });
  const output = make("output", { "aria-live": "polite" });
  const button = make("button", {}, "Draw it");
  form.append(make("label", {}, "Another model ", field), button, output);
  figure.before(form);
  const load = async (name) => (await fetchJson(figure.dataset.curves.replace(/index\.json$/, name + ".json")));
  let index = null;
  const all = async () => {
    index = index || (await load("index"));
    if (!document.getElementById("all-models"))
      form.append(make("datalist", { id: "all-models" }, ...Object.values(index.models).map((name) => make("option", { value: name }))));
    return index;
  };
  field.addEventListener("focus", () => all().catch(() => {}), { once: true });
  const show = async (name) => {
    try {
      const slug = Object.keys((await all()).models).find((each) => index.models[each] === name);
      if (!slug) throw new Error(`No model is called ${name}.`);
      const model = await load(slug);
      const excess = excessOf(index, model, figure.dataset.task);
      if (!excess) throw new Error(`${name} has no curve on this task.`);
      JSON.parse(figure.dataset.axes).forEach((axes, k) => drawMore(figure.querySelectorAll("svg.icl-chart")[k], axes, model, excess));
      output.textContent = `${model.label} is drawn, thick.`;
      keep({ more: name });
    } catch (error) {
      output.textContent = error instanceof TypeError ? "Its curve file could not be read." : error.message;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value) show(field.value.trim());
  });
  if (query().get("more")) {
    field.value = query().get("more");
    show(field.value);
  }
}

function drawMore(svg, { x, y }, model, excess) {
  const at = ([low, high, start, end], value) => start + ((value - low) / (high - low)) * (end - start);
  const logs = [Math.log10(y[0]), Math.log10(y[1]), y[2], y[3]];
  const points = excess.map((value, k) =>
    `${k ? "L" : "M"}${at(x, k).toFixed(1)} ${at(logs, Math.log10(Math.min(Math.max(value, y[0]), y[1]))).toFixed(1)}`);
  svg.querySelectorAll("g.more").forEach((old) => old.remove());
  svg.append(make("g", { class: "series more c-" + model.colour, "data-name": model.label }, make("title", {}, model.label),
    make("path", { d: points.join(""), fill: "none", stroke: "currentColor", "stroke-width": 4, "stroke-linejoin": "round" })));
}

async function fetchJson(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new TypeError(String(answer.status));
  return answer.json();
}

// --- comparing two to five models, from their curve files -------------------------------------------------

const FIELDS = ["a", "b", "c", "d", "e"];
const FLOOR = 1e-3; // the lower end of the axis of excess risk

// An element, of SVG where it is given a namespace; what is null is left out.
function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "text", "title", "circle"].includes(tag) && attributes.svg !== false;
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (name !== "svg") element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

// A share times 100 with one decimal; signed for a difference.
function percent(value, sign = false) {
  if (value === null || value === undefined) return "–";
  const text = (100 * value).toFixed(1).replace(/^-(0\.0)$/, "$1").replace("-", "−");
  return sign && value > 0 && text !== "0.0" ? "+" + text : text;
}

function comparisonForm(form) {
  const first = form.elements.a.closest("label");
  const button = form.querySelector("button");
  FIELDS.slice(1, Number(form.dataset.most)).forEach((name, k) => {
    const label = first.cloneNode(true);
    const select = label.querySelector("select");
    select.name = name;
    label.firstChild.textContent = name.toUpperCase() + " ";
    if (k > 0) select.prepend(make("option", { value: "" }, "–"));
    select.selectedIndex = k > 0 ? 0 : Math.min(1, select.options.length - 1);
    button.before(label);
  });
  form.hidden = false;
  form.addEventListener("change", () => form.elements.b.setCustomValidity(""));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = [...form.querySelectorAll("select")].map((select) => select.value).filter(Boolean);
    if (new Set(chosen).size < chosen.length) {
      form.elements.b.setCustomValidity(chosen.length > 2 ? "Choose different models." : "Choose two different models.");
      form.elements.b.reportValidity();
      return;
    }
    location.href = comparisonAddress(form.dataset.suite, chosen);
  });
}

function comparisonAddress(suite, models) {
  const found = new URLSearchParams();
  const first = document.querySelector("form[data-compare]");
  if (suite !== first.dataset.suite) found.set("suite", suite);
  for (const model of models) found.append("m", model);
  return "?" + found;
}

async function showComparison(place) {
  for (const link of document.querySelectorAll("a[data-a]"))
    link.href = comparisonAddress(link.dataset.suite, [link.dataset.a, link.dataset.b]);
  const wanted = [...new Set(query().getAll("m"))];
  const forms = [...document.querySelectorAll("form[data-compare]")];
  if (!wanted.length || !forms.length) return;
  const form = forms.find((each) => each.dataset.suite === query().get("suite")) || forms[0];
  place.hidden = false;
  try {
    const load = (name) => fetchJson(form.dataset.curves.replace(/index\.json$/, name + ".json"));
    const index = await load("index");
    const bySlug = index.models;
    const named = (text) =>
      text in bySlug ? text : Object.keys(bySlug).find((slug) => [text, "reference/" + text].includes(bySlug[slug]));
    const slugs = [...new Set(wanted.map(named).filter(Boolean))].slice(0, Number(form.dataset.most));
    const unknown = wanted.filter((text) => !named(text));
    if (unknown.length || slugs.length < 2) {
      const fault = unknown.length ? `No model of ${index.suite} is called ${unknown[0]}.` : "One model alone was asked for.";
      place.append(make("p", { class: "none" }, `${fault} Choose two to five below.`));
    }
    slugs.forEach((slug, k) => {
      if (form.elements[FIELDS[k]]) form.elements[FIELDS[k]].value = slug;
    });
    if (slugs.length < 2) return;
    const models = await Promise.all(slugs.map(load));
    models.forEach((model, k) => (model.slug = slugs[k]));
    place.append(...comparisonOf(index, models));
    place.querySelectorAll("[data-save]").forEach(makeSavable);
    document.title = `${models.map((model) => model.label).join(" against ")} on ${index.suite} · icl-bench`;
    if (location.hash && namedPlace()) namedPlace().scrollIntoView();
  } catch {
    place.append(make("p", { class: "none" },
      "The curve files could not be read: a browser does not let pages read them from a disk. The pages of single models, below, hold the differences."));
  }
}

function comparisonOf(index, models) {
  const names = models.map((model) => model.label).join(" and ");
  const heading = make("h2", { id: "comparison" }, `${models.map((model) => model.label).join(" against ")} on ${index.suite}`);
  const tasks = Object.keys(index.tasks).filter((task) => models.some((model) => task in model.tasks));
  const charts = tasks.filter((task) => index.tasks[task].scored.length > 1 && index.tasks[task].exact);
  return [
    heading,
    differencesTable(index, models, tasks),
    make("h3", {}, "Excess risk by context length"),
    make("p", {}, "The error above that of the exact or best known predictor, as a share of the error of answering 0. The lower edge is that predictor; a curve ends there where its excess is 0.001 or less."),
    legendOf(models),
    make("div", { class: "panels" }, ...charts.map((task) => excessFigure(index, models, task))),
    ...charts.map((task) => excessNumbers(index, models, task)),
    make("p", { class: "note" }, `This address shows ${names} again.`),
  ];
}

// Rows of tasks and means: the gain of each model, then the first one minus each other.
function differencesTable(index, models, tasks) {
  const [first, ...others] = models;
  const byOther = others.map((other) => pairedDifferences(index, first, other));
  const paired = byOther.every((rows, k) => tasks.every((task) => task in rows || !(task in first.tasks && task in others[k].tasks)));
  const caption = `Gains times 100, and ${first.label} minus each other with a 95% interval` +
    (paired ? ", paired over prompts. p of a task is corrected for the number of tasks (Holm). * significant at 5%." : ". Where the site holds no paired difference the interval is the wider one of two separate gains; icl-bench compare gives the paired one.");
  const head = ["Task", ...models.map((model) => model.label), ...others.map((other) => `${first.label} − ${other.label}`)];
  const rows = [...Object.keys(index.means).map((mean) => [mean, mean]), ...tasks.map((task) => [task, index.tasks[task].words])];
  const body = rows.map(([task, words]) => {
    const gains = models.map((model) => gainOf(model, task));
    const cells = others.map((other, k) => byOther[k][task] || apartDifference(first, other, task));
    if (gains.every((gain) => gain === null) && cells.every((cell) => cell === null)) return null;
    return make("tr", {}, make("th", { scope: "row" }, words),
      ...gains.map((gain) => make("td", { class: "n" }, percent(gain && gain[0]))),
      ...cells.map((cell) => cell === null ? make("td", { class: "n" }, "–") : make("td", { class: "n" },
        make("span", { class: "v" + (cell.better === 1 ? " better" : cell.better === -1 ? " worse" : "") }, percent(cell.value, true) + (cell.better ? "*" : "")),
        make("span", { class: "ci" }, `${percent(cell.low)} to ${percent(cell.high)}`),
        cell.p === null ? null : make("span", { class: "ci" }, "p " + (cell.p < 0.001 ? "< 0.001" : cell.p.toFixed(3))))));
  });
  return scrolling("Paired differences", make("table", {}, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...head.map((name, k) => make("th", { scope: "col", class: k ? "n" : "" }, name)))),
    make("tbody", {}, ...body)));
}

function gainOf(model, task) {
  if (task in model.tasks) return model.tasks[task].gain;
  return model.means[task] || null;
}

// Of the first minus the other, where they did not answer the same prompts: from both gains.
function apartDifference(a, b, task) {
  const [x, y] = [gainOf(a, task), gainOf(b, task)];
  if (!x || !y || x[0] === null || y[0] === null || x[1] === null || y[1] === null) return null;
  const value = x[0] - y[0];
  return { value, low: value - Math.hypot(x[0] - x[1], y[2] - y[0]), high: value + Math.hypot(x[2] - x[0], y[0] - y[1]), p: null, better: 0 };
}

function scrolling(label, table) {
  return make("div", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" }, table);
}

const DASHES = ["", "8 3", "2 3", "8 3 2 3", "14 4"]; // what tells curves apart without colour

function legendOf(models) {
  const entry = (model, k) => {
    const line = make("path", { d: "M0 6H34", stroke: "currentColor", "stroke-width": "2.4", fill: "none", "stroke-dasharray": DASHES[k] });
    const sample = make("svg", { class: "icl-chart", width: "34", height: "12", viewBox: "0 0 34 12", "aria-hidden": "true" }, make("g", { class: "c-" + model.colour }, line));
    return make("li", {}, sample, model.label);
  };
  return make("ul", { class: "legend" }, ...models.map(entry));
}

function excessOf(index, model, task) {
  const { exact, zero } = index.tasks[task];
  const held = model.tasks[task];
  if (!held || !held.error) return null;
  return held.error.map((error, k) => (error - exact[k]) / zero[k]);
}

function excessFigure(index, models, task) {
  const [width, height, left, bottom, top] = [400, 250, 58, 210, 12];
  const { heading, exact } = index.tasks[task];
  const x = (k) => left + (k / Math.max(1, exact.length - 1)) * (width - left - 12);
  const y = (value) => bottom - (Math.log10(Math.min(Math.max(value, FLOOR), 2) / FLOOR) / Math.log10(2 / FLOOR)) * (bottom - top);
  const text = (words, at, height, anchor) => make("text", { x: at, y: height, "font-size": 13.5, "text-anchor": anchor, fill: "currentColor" }, words);
  const rules = [0.001, 0.01, 0.1, 1].map((value) => make("path", { d: `M${left} ${y(value)}H${width - 12}`, stroke: "currentColor", "stroke-width": 0.8, class: "rule" }));
  const step = [1, 2, 5, 10, 20, 50, 100].find((size) => exact.length / size <= 9) || 200;
  const marks = [];
  for (let k = 0; k < exact.length; k += step) marks.push(text(String(k), x(k), bottom + 16, "middle"));
  const curves = models.map((model, k) => {
    const excess = excessOf(index, model, task);
    if (!excess) return null;
    const path = excess.map((value, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    return make("g", { class: "series c-" + model.colour, "data-name": model.label }, make("title", {}, model.label),
      make("path", { d: path, stroke: "currentColor", "stroke-width": 2.2, fill: "none", "stroke-linejoin": "round", "stroke-dasharray": DASHES[k] }));
  });
  const svg = make("svg", { class: "icl-chart", role: "img", viewBox: `0 0 ${width} ${height}`, width, height },
    make("title", {}, `Excess risk on ${index.tasks[task].words} by context length of ${models.map((model) => model.label).join(", ")}`),
    make("g", { class: "c-grid" }, ...rules),
    make("g", { class: "c-muted" }, ...["≤ 0.001", "0.01", "0.1", "1"].map((tick, k) => text(tick, left - 5, y(0.001 * 10 ** k) + 4, "end")), ...marks,
      text("context length", (left + width) / 2, height - 6, "middle")),
    ...curves);
  return make("figure", { id: "curves-" + task }, svg, make("p", { class: "note save", "data-save": "" }, "Save as"), make("figcaption", {}, heading));
}

function excessNumbers(index, models, task) {
  const columns = models.map((model) => excessOf(index, model, task));
  const words = index.tasks[task].words;
  const rows = index.tasks[task].exact.map((_, k) => make("tr", {}, make("th", { scope: "row", class: "n" }, String(k)),
    ...columns.map((column) => make("td", { class: "n" }, column ? column[k].toPrecision(3).replace("-", "−") : "–"))));
  return make("details", {}, make("summary", {}, `The numbers on ${words}`),
    scrolling(`Excess risk on ${words}`, make("table", {}, make("caption", {}, `Excess risk on ${words} after so many examples.`),
      make("thead", {}, make("tr", {}, make("th", { scope: "col", class: "n" }, "Examples"), ...models.map((model) => make("th", { scope: "col", class: "n" }, model.label)))),
      make("tbody", {}, ...rows))));
}

// --- headings that can be linked to --------------------------------------------------------------------

function makeAnchor(heading) {
  const link = make("a", { class: "anchor", href: "#" + heading.id, "aria-label": `Link to ${heading.textContent.trim()}` }, "#");
  heading.append(link);
}

document.querySelectorAll("figure[data-choose]").forEach(makeChoosable);
document.querySelectorAll("pre.command").forEach(makeCopyable);
openTarget();
addEventListener("hashchange", openTarget);
makeHighlights();
document.querySelectorAll("form[data-compare]").forEach(comparisonForm);
document.querySelectorAll("[data-comparison]").forEach(showComparison);
document.querySelectorAll("h2[id]").forEach(makeAnchor);
