// --- the paired difference of any two models, from what each brings to it ---------------------------------
// As icl_bench/ranking/spread.py and differences.py compute it; the parts are those of ranking/pairs.py.

// The difference of a from b by task and mean: value, low, high, p, and better (1, 0 or -1). What is not
// paired is left out.
function pairedDifferences(index, a, b) {
  const terms = {};
  for (const task of Object.keys(index.tasks)) {
    const held = termsOf(index.tasks[task], a.tasks[task], b.tasks[task]);
    if (held) terms[task] = held;
  }
  const corrected = holm(Object.fromEntries(
    Object.entries(terms).filter(([task]) => index.tasks[task].tested).map(([task, held]) => [task, pValue(held)])));
  const rows = {};
  for (const [task, held] of Object.entries(terms)) rows[task] = differenceRow(index, held, corrected[task] ?? null);
  for (const [mean, tasks] of Object.entries(index.means)) {
    if (tasks.length < 2 || !tasks.every((task) => task in terms)) continue;
    const held = meanTerms(tasks.map((task) => terms[task]));
    rows[mean] = differenceRow(index, held, tasks.every((task) => index.tasks[task].tested) ? pValue(held) : null);
  }
  return rows;
}

function differenceRow(index, terms, p) {
  const { value } = terms;
  const low = value - reachOf(terms, "below", index.tail);
  const high = value + reachOf(terms, "above", index.tail);
  return { value, low, high, p, better: p !== null && p < index.significant ? Math.sign(value) : 0 };
}

function termsOf(task, a, b) {
  if (!a || !b || !a.pair || !b.pair) return null;
  const modes = a.pair.modes && b.pair.modes;
  if (!modes && !(a.pair.draws && b.pair.draws)) return null;
  const [x, y] = [a.pair, b.pair].map(({ own }) => [...own, 0, 0, 0, 0, 0, 0]);
  return {
    value: a.gain[0] - b.gain[0],
    prompts: modes ? 0 : varianceOf(drawsOf(a.pair), drawsOf(b.pair)),
    seeds: [[x[0] + y[0], task.degrees || Infinity]],
    below: x[1] + y[2], above: x[2] + y[1],
    belowSquares: x[3] + y[4], aboveSquares: x[4] + y[3],
    belowRoom: x[5] + y[6], aboveRoom: x[6] + y[5],
  };
}

function meanTerms(tasks) {
  const sum = (of) => tasks.reduce((total, terms) => total + of(terms), 0);
  const count = tasks.length;
  const over = (name, divisor) => sum((terms) => terms[name]) / divisor;
  return {
    value: over("value", count),
    prompts: over("prompts", count ** 2),
    seeds: tasks.flatMap((terms) => terms.seeds.map(([variance, degrees]) => [variance / count ** 2, degrees])),
    below: over("below", count ** 2), above: over("above", count ** 2),
    belowSquares: over("belowSquares", count ** 4), aboveSquares: over("aboveSquares", count ** 4),
    belowRoom: over("belowRoom", count), aboveRoom: over("aboveRoom", count),
  };
}

const draws = new WeakMap();

function drawsOf(pair) {
  if (!draws.has(pair)) {
    const bytes = Uint8Array.from(atob(pair.draws), (character) => character.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    draws.set(pair, Array.from({ length: bytes.length / 2 }, (_, k) => pair.unit * view.getInt16(2 * k, true)));
  }
  return draws.get(pair);
}

function varianceOf(x, y) {
  const differences = x.map((value, k) => value - y[k]);
  const mean = differences.reduce((sum, value) => sum + value, 0) / x.length;
  return differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
}

const totalOf = (terms, part) => terms.prompts + terms.seeds.reduce((sum, [variance]) => sum + variance, 0) + part;

function degreesOf(terms, total, ofModes) {
  const squares = terms.seeds.reduce((sum, [variance, degrees]) => sum + variance ** 2 / degrees, ofModes);
  return squares > 0 ? total ** 2 / squares : Infinity;
}

// Half a 95% interval, on one side: `below` or `above`.
function reachOf(terms, side, tail) {
  const [total, graded] = [totalOf(terms, terms[side]), totalOf(terms, 0)];
  const reach = studentQuantile(tail, degreesOf(terms, total, terms[side + "Squares"])) * Math.sqrt(total);
  const ofGraded = studentQuantile(tail, degreesOf(terms, graded, 0)) * Math.sqrt(graded);
  return Math.min(reach, ofGraded + terms[side + "Room"]);
}

function pValue(terms) {
  const side = terms.value > 0 ? "below" : "above";
  const [total, graded] = [totalOf(terms, terms[side]), totalOf(terms, 0)];
  const [distance, room] = [Math.abs(terms.value), terms[side + "Room"]];
  const p = twoSided(distance, total, degreesOf(terms, total, terms[side + "Squares"]));
  if (distance <= room) return p;
  return Math.min(p, twoSided(distance - room, graded, degreesOf(terms, graded, 0)));
}

function twoSided(distance, variance, degrees) {
  if (variance === 0) return distance === 0 ? 1 : 0;
  return 2 * studentTail(distance / Math.sqrt(variance), degrees);
}

// Holm's correction of p-values by task.
function holm(pByTask) {
  const sorted = Object.entries(pByTask).sort(([, a], [, b]) => a - b);
  let least = 0;
  return Object.fromEntries(sorted.map(([task, p], k) => [task, (least = Math.min(1, Math.max(least, p * (sorted.length - k))))]));
}

// P(T > t) of Student's t for t of 0 and more. A million degrees of freedom stand for a normal distribution.
function studentTail(t, degrees) {
  const n = Math.min(degrees, 1e6);
  return incompleteBeta(n / (n + t * t), n / 2, 0.5) / 2;
}

function studentQuantile(tail, degrees) {
  let [low, high] = [0, 1e4];
  for (let k = 0; k < 70; k++) {
    const middle = (low + high) / 2;
    if (studentTail(middle, degrees) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

// The regularised incomplete beta function, by its continued fraction (modified Lentz).
function incompleteBeta(x, a, b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const nonzero = (value) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let [c, d] = [1, 1 / nonzero(1 - ((a + b) * x) / (a + 1))];
  let fraction = d;
  for (let m = 1; m < 10_000; m++) {
    let step = 1;
    for (const term of [(m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)), (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))]) {
      d = 1 / nonzero(1 + term * d);
      c = nonzero(1 + term / c);
      step = c * d;
      fraction *= step;
    }
    if (Math.abs(step - 1) < 1e-14) break;
  }
  return (Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) * fraction) / a;
}

// Of a number above 0: Stirling's series, after steps up to where it is exact.
function logGamma(x) {
  let shift = 0;
  for (; x < 15; x++) shift += Math.log(x);
  const square = 1 / (x * x);
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
