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

function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const name = (cell) => cell.textContent.trim().toLowerCase().replace(/\s+/g, "-");
  const initial = [...table.tBodies].map((body) => [...body.rows]);
  heads.forEach((cell, column) => {
    if ("unsorted" in cell.dataset) return;
    const link = cell.querySelector("a");
    const button = document.createElement("button");
    button.type = "button";
    if (link) {
      button.setAttribute("aria-label", "Sort by " + cell.textContent.trim());
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
      sortTable(table, column, direction);
      keep({ sort: name(cell), order: direction });
    });
  });
  table.addEventListener("reset", () => {
    initial.forEach((rows, k) => table.tBodies[k].append(...rows));
    heads.forEach((cell) => cell.setAttribute("aria-sort", "none"));
    keep({ sort: "", order: "" });
  });
  const wanted = heads.findIndex((cell) => name(cell) === query().get("sort"));
  if (wanted >= 0) sortTable(table, wanted, query().get("order") === "ascending" ? "ascending" : "descending");
}

// --- the board's filters ----------------------------------------------------------------------------------

function makeFilterable(form) {
  const table = document.querySelector("table.board");
  const shown = form.querySelector("[data-shown]");
  const fields = [...form.querySelectorAll("select")];
  const baselines = form.elements.baselines;
  const matches = (row, field) => {
    const held = row.dataset[field.name];
    if (!field.value) return true;
    if (held === undefined) return false;
    return field.name === "size" ? Number(held) <= Number(field.value) : held.split(" ").includes(field.value);
  };
  const apply = () => {
    const models = [...table.querySelectorAll("tr.model")];
    for (const row of models) row.hidden = !fields.every((field) => matches(row, field));
    for (const row of table.querySelectorAll("tr.baseline")) row.hidden = !baselines.checked;
    const count = models.filter((row) => !row.hidden).length;
    shown.textContent = count === models.length ? "" : `${count} of ${models.length} models`;
  };
  for (const field of fields) {
    const value = query().get(field.name);
    if ([...field.options].some((option) => option.value === value)) field.value = value;
  }
  baselines.checked = query().get("baselines") !== "0";
  form.addEventListener("change", () => {
    apply();
    keep({ ...Object.fromEntries(fields.map((field) => [field.name, field.value])), baselines: baselines.checked ? "" : "0" });
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const field of fields) field.value = "";
    baselines.checked = true;
    form.dispatchEvent(new Event("change"));
    table.dispatchEvent(new Event("reset"));
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
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

// --- comparing two models ---------------------------------------------------------------------------------

function makeComparison(form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { a, b } = form.elements;
    const first = a.selectedOptions[0], second = b.selectedOptions[0];
    if (first.value === second.value) {
      b.setCustomValidity("Choose two different models.");
      b.reportValidity();
      return;
    }
    const [page, with_] = first.dataset.page ? [first.dataset.page, second.value] : [second.dataset.page, first.value];
    if (page) location.href = page + "#" + with_;
  });
  form.addEventListener("change", () => form.elements.b.setCustomValidity(""));
}

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
}

document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
document.querySelectorAll("[data-filters]").forEach(makeFilterable);
document.querySelectorAll("figure[data-choose]").forEach(makeChoosable);
document.querySelectorAll("form[data-compare]").forEach(makeComparison);
document.querySelectorAll("pre.command").forEach(makeCopyable);
openTarget();
addEventListener("hashchange", openTarget);
makeHighlights();
