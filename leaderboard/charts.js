// --- charts as files: the picture as SVG and PNG, the numbers beside it as CSV ------------------------------

const DRAWN = ["color", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray",
  "stroke-linejoin", "stroke-linecap", "opacity", "font-family", "font-size", "font-weight", "text-anchor"];
const SCALE = 2; // pixels of a PNG to one of the chart

// The chart beside a row of links: that of several which can be seen.
const chartsOf = (row) => [...row.parentElement.querySelectorAll("svg.icl-chart")];
const chartOf = (row) => chartsOf(row).find((svg) => svg.checkVisibility()) ?? chartsOf(row)[0];

// A copy that needs no stylesheet, on the ground of the page.
function standalone(svg) {
  const copy = svg.cloneNode(true);
  const [before, after] = [svg, copy].map((root) => [root, ...root.querySelectorAll("*")]);
  before.forEach((element, k) => {
    const looks = getComputedStyle(element);
    if (looks.display === "none" && !["title", "desc"].includes(element.tagName)) return after[k].remove();
    for (const name of DRAWN) after[k].style.setProperty(name, looks.getPropertyValue(name));
  });
  const { width, height } = svg.viewBox.baseVal;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ width, height, fill: getComputedStyle(document.body).backgroundColor }))
    ground.setAttribute(name, value);
  copy.prepend(ground);
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

async function asPng({ text, width, height }) {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: SCALE * width, height: SCALE * height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// The table of a chart's numbers, cell by cell as it is read.
function numbersOf(table) {
  const read = (each) => [...each.childNodes].filter((node) => !node.classList?.contains("sr") && node.ariaHidden !== "true").map((node) => node.textContent).join("");
  const cell = (each) => `"${read(each).trim().replace(/\s+/g, " ").replaceAll("−", "-").replaceAll('"', '""')}"`;
  return [...table.rows].map((row) => [...row.cells].map(cell).join(",") + "\n").join("");
}

function tableOf(row) {
  const held = row.parentElement.querySelector("details table");
  const next = row.parentElement.nextElementSibling;
  return held || (next?.tagName === "DETAILS" ? next.querySelector("table") : null);
}

function makeSavable(row) {
  const title = () => chartOf(row).querySelector("title").textContent.trim();
  const name = () => title().toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 80);
  const button = (words, save) => {
    const each = Object.assign(document.createElement("button"), { type: "button", textContent: words });
    each.setAttribute("aria-label", `${words} of ${title()}`);
    each.addEventListener("click", save);
    row.append(" ", each);
  };
  const table = tableOf(row);
  if (table) {
    row.querySelector("a")?.remove();
    button("CSV", () => download(new Blob([numbersOf(table)], { type: "text/csv" }), name() + ".csv"));
  }
  button("SVG", () => download(new Blob([standalone(chartOf(row)).text], { type: "image/svg+xml" }), name() + ".svg"));
  button("PNG", async () => download(await asPng(standalone(chartOf(row))), name() + ".png"));
}

document.querySelectorAll("[data-save]").forEach(makeSavable);
