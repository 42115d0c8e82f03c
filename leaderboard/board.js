// --- the board: search, filters, intervals, all rows of a long one, CSV, link -------------------------------------

// All rows of a long board, made of its data file in the order of its pages.
async function allRows({ rows, models, measure, means }) {
  const data = await fetchJson(rows);
  const meanScore = (model) => model.mean_score?.value ?? -Infinity;
  if (measure === "score") data.models.sort((a, b) => meanScore(b) - meanScore(a) || 0); // two without are equal
  return data.models.map((model) => rowOf(model, { models, measure, means }));
}

function bringRows(form, table) {
  let brought = form.dataset.rows ? null : Promise.resolve();
  const bring = async () => {
    table.tBodies[0].replaceChildren(...(await allRows(form.dataset)));
    rememberOrder(table);
    for (const pager of document.querySelectorAll("nav.numbers")) pager.hidden = true;
  };
  const again = (error) => {
    brought = null; // another search asks once more
    throw error;
  };
  return () => (brought ??= bring().catch(again));
}

function csvOf(table) {
  const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const heads = [...table.tHead.rows[0].cells];
  const parts = ["kind", "state", "mixer", "positions", "feed", "norm"];
  const learned = heads.map((head, column) => "learned" in head.dataset && column).filter(Boolean);
  const lines = [[...heads.map(headName), ...learned.map((column) => headName(heads[column]) + "-learned"), ...parts]];
  for (const row of table.querySelectorAll("tbody:not([hidden]) > tr:not([hidden])")) {
    const value = (column) => row.cells[column]?.dataset.gain ?? row.cells[column]?.dataset.v ?? "";
    const share = (column) => (row.cells[column]?.dataset.gain ? row.cells[column].dataset.v : "");
    const kind = row.dataset.kind ?? "baseline";
    lines.push([...heads.keys()].map(value).concat(learned.map(share), kind, parts.slice(1).map((part) => row.dataset[part] ?? "")));
  }
  return lines.map((line) => line.map(quoted).join(",") + "\n").join("");
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function briefly(button, words) {
  const before = button.textContent;
  button.textContent = words;
  setTimeout(() => (button.textContent = before), 1500);
}

const MATCHES = {
  q: (row, wanted) => {
    const text = (row.cells[1].dataset.v + " " + row.cells[1].textContent).toLowerCase();
    return wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  },
  size: (row, wanted) => "size" in row.dataset && Number(row.dataset.size) <= Number(wanted),
  since: (row, wanted) => "date" in row.dataset && row.dataset.date >= wanted,
  state: (row, wanted) => row.dataset.state === wanted || (wanted === "re-evaluated" && row.dataset.state === "confirmed"),
  seeds: (row, wanted) => Number(row.dataset.seeds) >= Number(wanted),
};

function makeBoard(form) {
  const table = document.querySelector("table.ranks");
  const shown = form.querySelector("[data-shown]");
  const fields = [...form.elements].filter((field) => field.name);
  const views = ["intervals", "baselines"];
  const filters = fields.filter((field) => !views.includes(field.name));
  const valueOf = (field) => (field.type === "checkbox" ? (field.checked ? field.value : "") : field.value.trim());
  const set = (field, value) => {
    if (field.type === "checkbox") field.checked = value === field.value;
    else if (field.tagName !== "SELECT" || [...field.options].some((option) => option.value === value)) field.value = value;
  };
  const matches = (row, field) => {
    const wanted = valueOf(field);
    return !wanted || (MATCHES[field.name] ? MATCHES[field.name](row, wanted) : row.dataset[field.name] === wanted);
  };
  const bring = bringRows(form, table);
  let failed = "";
  const complete = async () => {
    try {
      await bring();
      failed = "";
    } catch {
      failed = "The data file could not be read: this is about the rows of this page.";
    }
    apply();
  };
  completions.set(table, complete);

  const apply = () => {
    const models = [...table.querySelectorAll("tr.model")];
    const active = filters.filter(valueOf);
    for (const row of models) row.hidden = !active.every((field) => matches(row, field));
    const count = models.filter((row) => !row.hidden).length;
    shown.textContent = [active.length ? `${count} of ${models.length} models` : "", failed].filter(Boolean).join(". ");
    table.classList.toggle("intervals", form.elements.intervals.checked);
    for (const body of table.querySelectorAll("tbody.others")) body.hidden = !form.elements.baselines.checked;
  };
  const change = () => {
    keep(Object.fromEntries(fields.map((field) => [field.name, valueOf(field)])));
    apply();
    if (form.dataset.rows && filters.some(valueOf)) complete();
  };
  for (const field of fields) set(field, query().get(field.name) ?? "");
  const more = form.querySelector("details");
  const folded = filters.filter((field) => more.contains(field));
  more.open = matchMedia("(min-width: 43rem)").matches || folded.some(valueOf);
  form.addEventListener("input", change);
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const field of fields) set(field, "");
    change();
    table.dispatchEvent(new Event("reset"));
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector("[data-csv]").addEventListener("click", async () => {
    await complete();
    download(new Blob([csvOf(table)], { type: "text/csv" }), location.pathname.includes("score") ? "scores.csv" : "board.csv");
  });
  const copy = form.querySelector("[data-link]");
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href);
    briefly(copy, "Copied");
  });
  for (const link of document.querySelectorAll(".measures a")) {
    link.addEventListener("click", () => (link.search = location.search));
  }
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    event.preventDefault();
    form.elements.q.focus();
    form.elements.q.select();
  });
  form.hidden = false;
  apply();
  if (form.dataset.rows && filters.some(valueOf)) complete();
}

document.querySelectorAll("[data-filters]").forEach(makeBoard);
document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
