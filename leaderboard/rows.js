// --- a row of a board, made of a model in data/SUITE.json -------------------------------------------------

// It is the row of templates/table.html, which a test compares it with. Numbers come in words: none is formatted
// here.

const span = (name, ...children) => make("span", { class: name }, ...children);
const sign = (text) => make("span", { "aria-hidden": "true" }, text);
const chip = (text, kind = "") => span("chip" + kind, text);
const missing = (why) => [sign("–"), span("sr", why)];

function cellOf(cell, kind) {
  if (cell.why !== undefined) return make("td", { class: `n${kind} missing` }, ...missing(cell.why));
  const shade = cell.heat === undefined ? "" : ` h${cell.heat}`;
  const gain = cell.gain === undefined ? {} : { "data-gain": cell.gain };
  const td = make("td", { class: `n${kind}${shade}`, "data-v": cell.v, ...gain }, span("v", cell.text));
  if (cell.first) td.append(sign("†"));
  if (cell.p !== undefined) td.append(span("ci", " ", make("var", {}, "p"), ` ${cell.p}`));
  td.append(...cell.notes.map((note) => span("ci", ` ${note}`)));
  if (cell.dots) {
    const dots = cell.dots.map((place) => make("circle", { cx: place, cy: 3, r: 2 }));
    td.append(make("svg", { class: "dots", viewBox: "0 0 64 6", width: 64, height: 6, "aria-hidden": "true" }, ...dots),
      span("sr seeds", `seeds ${cell.seeds}`));
  }
  return td;
}

function placeOf(model) {
  if (model.place === null)
    return make("td", { class: "n place missing" }, ...missing("no place" + (model.unplaced ? `: ${model.unplaced}` : "")));
  const { number, shared } = model.place;
  return make("td", { class: "n place", "data-v": number }, span("v", number + (shared ? "=" : "")),
    model.division === "open" ? span("open", "open") : null);
}

function nameOf(model, models) {
  const { row, language_model: languageModel } = model;
  const slash = model.name.indexOf("/");
  const owner = slash >= 0 && model.kind !== "reference" ? span("by", model.name.slice(0, slash + 1)) : null;
  const kinds = [model.kind];
  if (model.local && model.kind !== "local") kinds.push("local");
  if (model.state !== "re-evaluated") kinds.push(model.state);
  const parts = row.parts.length ? row.parts : [languageModel?.architecture ?? []].flat();
  return make("th", { scope: "row", "data-v": model.name },
    make("a", { href: models + row.slug + ".html" }, owner, model.name.slice(slash + 1)),
    ...kinds.map((kind) => chip(kind, " kind")),
    model.doubted ? span("mark-doubted", "\u00a0", sign("⚠"), span("sr", "its page warns of it")) : null,
    "\n", span("parts", ...parts.map((part) => chip(part))));
}

// The row on a board by gains or scores with so many means; `models` is the folder of the models' pages.
function rowOf(model, { models, measure, means }) {
  const { row, division } = model;
  const runs = Object.values(model.tasks).map((scores) => scores.runs);
  const [fewest, most] = [Math.min(...runs), Math.max(...runs)];
  const tr = make("tr", { class: "model", "data-kind": model.kind, "data-division": division, "data-state": model.state });
  tr.dataset.seeds = runs.length ? fewest : 0;
  if (row.recorded) tr.dataset.date = row.recorded;
  row.parts.forEach((part, k) => (tr.dataset[["mixer", "positions", "feed", "norm"][k]] = part));
  if (row.costs.length) tr.dataset.size = row.costs[0].v;
  const costs = row.costs.map((cell) => make("td", { class: "n", "data-v": cell.v }, cell.text));
  const uncounted = row.costs.length ? "pretrained; not counted from a spec" : "not trained";
  // a cell a column: sorts and CSV files count them
  const rest = row.costs.length === 3
    ? [make("td", { class: "n", "data-v": fewest }, fewest + (fewest === most ? "" : `–${most}`))]
    : Array.from({ length: 4 - row.costs.length }, (_, k) => make("td", { class: "missing" }, k ? null : span("sr", uncounted)));
  tr.append(placeOf(model), nameOf(model, models), ...row[measure].map((cell, k) => cellOf(cell, k < means ? " mean" : "")),
    ...costs, ...rest, make("td", { "data-v": division }, division));
  return tr;
}
