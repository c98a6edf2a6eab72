// The page of the playground. The network lives in Python; this file draws what comes
// from there, record by record, and tells what the user wishes.
"use strict";

const FEATURES = {
  x1: "x₁", x2: "x₂", x1x1: "x₁²", x2x2: "x₂²", x1x2: "x₁x₂", sinx1: "sin x₁", sinx2: "sin x₂",
};
const NAMES = {
  circle: "circle", xor: "xor", gauss: "clouds", spiral: "spiral", plane: "plane",
  bumps: "bumps", sgd: "SGD", momentum: "SGD, momentum", rmsprop: "RMSprop", adam: "Adam",
  none: "none", l1: "L1", l2: "L2", leaky_relu: "leaky ReLU", relu: "ReLU", gelu: "GELU",
  silu: "SiLU",
};
const ORANGE = [221, 116, 16], PAPER = [246, 246, 244], BLUE = [31, 102, 193];
const NODE = 42, PITCH = 50, TOP = 50, NAME = 52, APART = 84;
const MOST_LAYERS = 6, MOST_UNITS = 8;
const BIAS = -1;

const $ = (id) => document.getElementById(id);
const token = new URLSearchParams(location.search).get("token") || "";
const post = (path, body) => fetch(path, {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-Token": token },
  body: JSON.stringify(body),
});
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

let stream = null; // the name of this page's network
let state = {}; // what is chosen, all texts
let wished = {}; // what will be chosen when all that was sent has come back
let pending = 0; // how many states have not
let choices = {}; // what could be
let scene = null; // what stays while the network does
let now = null; // numbers and maps of the last picture
let shown = null; // the unit in the large map: [layer, unit], or null for the output
let curve = []; // [epoch, train loss, test loss]
let due = false; // whether a drawing is asked for
let sent = Promise.resolve(); // wishes go one after the other
const counts = { received: 0, drawn: 0 };
window.playground = counts; // for those who measure

// --- colours --------------------------------------------------------------------------

const mix = (a, b, share) => a.map((x, i) => Math.round(x + (b[i] - x) * share));
const shade = (value) => mix(PAPER, value < 0 ? ORANGE : BLUE, Math.min(1, Math.abs(value)));
const css = (value) => `rgb(${shade(value).join(" ")})`;
const packed = ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r;
const SMOOTH = Uint32Array.from({ length: 255 }, (_, i) => packed(shade((i - 127) / 127)));
const SIGNS = SMOOTH.map((_, i) => packed(shade(Math.sign(i - 127))));

function paint(canvas, bytes, side, colours = SMOOTH) {
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = colours[bytes[i]];
  context.putImageData(image, 0, 0);
}

function sharp(canvas) { // a canvas with as many pixels as the screen shows
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return [context, width, height];
}

// --- talking with Python --------------------------------------------------------------

function say(text, error = false) {
  $("status").textContent = text;
  $("status").classList.toggle("error", error);
}

function act(wish, more = {}) {
  sent = sent.then(async () => {
    const answer = await post("act", { stream, do: wish, ...more });
    if (answer.ok) return;
    say((await answer.json()).error, true);
    if (wish === "set") pending--;
  }).catch(() => say("kerasish does not answer: was it stopped? Load the page anew.", true));
  return sent;
}

function choose(changed) {
  wished = { ...wished, ...changed };
  pending++;
  act("set", { state: wished });
}

function fromAddress() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

async function open() {
  let answer = await post("stream", fromAddress());
  if (answer.status === 400) {
    say(`The address is not understood. ${(await answer.json()).error}`, true);
    answer = await post("stream", {});
  }
  if (!answer.ok) return say((await answer.json()).error, true);
  const reader = answer.body.getReader();
  let rest = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const joined = new Uint8Array(rest.length + value.length);
    joined.set(rest);
    joined.set(value, rest.length);
    rest = take(joined);
  }
  say("kerasish has stopped. Start it again and open the new address.", true);
}

function take(bytes) { // handle whole records, return what is left
  while (bytes.length >= 8) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const [text, maps] = [view.getUint32(0, true), view.getUint32(4, true)];
    if (bytes.length < 8 + text + maps) break;
    const numbers = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + text)));
    receive(numbers, bytes.slice(8 + text, 8 + text + maps));
    bytes = bytes.subarray(8 + text + maps);
  }
  return bytes;
}

function receive(record, maps) {
  if (record.stream) begin(record);
  if (record.state) adopt(record.state);
  if (record.scene) {
    scene = { ...record.scene, maps };
    [curve, shown, now] = [[], null, null];
    lay();
  }
  if (record.busy) say(record.busy);
  if (record.script) show(record.script);
  if ("epoch" in record) {
    now = { ...record, maps };
    counts.received++;
    remember(record.epoch, ...record.losses);
    if (!record.error && !$("status").classList.contains("error")) say("");
  }
  if (record.error) say(record.error, true);
  if (!due && now) {
    due = true;
    requestAnimationFrame(draw);
  }
}

function remember(epoch, train, test) {
  while (curve.length && curve[curve.length - 1][0] >= epoch) curve.pop();
  if (train !== null) curve.push([epoch, train, test]);
  if (curve.length > 600) curve = curve.filter((_, i) => i % 2 === 0 || i > 590);
}

// --- controls -------------------------------------------------------------------------

function begin(record) {
  ({ stream, choices } = record);
  for (const select of document.querySelectorAll("select[data-field]")) {
    const field = select.dataset.field;
    select.replaceChildren(...choices[field].map((x) => new Option(NAMES[x] || x, x)));
  }
  $("sets").replaceChildren($("sets").querySelector("legend"), ...choices.data.map((name) => {
    const canvas = make("canvas");
    canvas.width = canvas.height = 60;
    const context = canvas.getContext("2d");
    for (const [x, y, label] of record.sets[name]) {
      context.fillStyle = css(label);
      context.fillRect(29 + x * 4.7, 29 - y * 4.7, 3, 3);
    }
    const radio = make("input", { type: "radio", name: "data", value: name });
    radio.dataset.field = "data";
    return make("label", {}, radio, canvas, NAMES[name]);
  }));
}

function adopt(given) { // show a state in all controls and the address
  state = given;
  pending = Math.max(0, pending - 1);
  if (pending) return; // later choices are on their way
  wished = state;
  for (const control of document.querySelectorAll("[data-field]")) {
    const value = state[control.dataset.field];
    if (control.type === "radio") control.checked = control.value === value;
    else if (control.type === "checkbox") control.checked = value === "1";
    else if (control !== document.activeElement || control.type !== "range") control.value = value;
    if (control.type === "range") label(control);
  }
  document.querySelector("[data-field=strength]").disabled = state.penalty === "none";
  const address = new URLSearchParams(state).toString().replaceAll("%2C", ",");
  history.replaceState(null, "", `${location.search}#${address}`);
}

const label = (range) => {
  range.parentElement.querySelector("span").textContent = range.value + range.dataset.unit;
};

function listen() {
  document.addEventListener("input", ({ target }) => {
    if (target.type === "range") label(target);
  });
  document.addEventListener("change", ({ target }) => {
    const field = target.dataset.field;
    if (field) choose({ [field]: target.type === "checkbox" ? String(+target.checked) : target.value });
  });
  $("play").onclick = () => { say(""); act(now?.playing ? "pause" : "play"); };
  $("step").onclick = () => { say(""); act("step"); };
  $("reset").onclick = () => { say(""); act("reset"); };
  $("regenerate").onclick = () => choose({ seed: String((+wished.seed + 1) % 1000000) });
  $("more").onclick = () => {
    const now = sizes(wished);
    if (now.length < MOST_LAYERS) resize([...now, now.at(-1) || 2]);
  };
  $("fewer").onclick = () => resize(sizes(wished).slice(0, -1));
  $("script").onclick = () => act("script");
  $("copy").onclick = copy;
  $("card").onsubmit = (event) => { event.preventDefault(); shut(); };
  $("card").onkeydown = (event) => { if (event.key === "Escape") shut(); };
  window.addEventListener("hashchange", () => {
    wished = {};
    say("");
    choose(fromAddress());
  });
  new ResizeObserver(() => { if (scene) { lay(); draw(); } }).observe($("scroll"));
}

const sizes = (of = state) => of.layers.split(",").filter(Boolean).map(Number);
const resize = (layers) => choose({ layers: layers.join(",") });

// --- the network ----------------------------------------------------------------------

const inputs = (of = state) => of.features.split(",");
let nodes = []; // [layer][unit]: {button, canvas, bias, x, y}; layer 0 are the features
let edges = []; // {layer, row, column, line}

function lay() {
  const focused = document.activeElement?.dataset?.node;
  const layers = [...sizes(), 1];
  const wide = Math.max($("scroll").clientWidth, NAME + layers.length * APART + NODE + 8);
  const across = (wide - NAME - NODE - 8) / layers.length;
  const middle = TOP + (MOST_UNITS * PITCH) / 2;
  $("net").style.width = `${wide}px`;
  $("net").style.height = `${TOP + MOST_UNITS * PITCH}px`;
  $("units").replaceChildren();
  shut();
  const place = (layer, unit, count) => ({
    x: NAME + layer * across, y: middle + (unit - count / 2) * PITCH + (PITCH - NODE) / 2,
  });
  const all = Object.keys(FEATURES);
  const given = all.map((name, i) => feature(name, i, place(0, i, all.length)));
  nodes = [inputs().map((name) => given[all.indexOf(name)])];
  layers.forEach((count, i) => {
    nodes.push(Array.from({ length: count }, (_, j) => unit(i, j, place(i + 1, j, count))));
    if (i < layers.length - 1) $("units").append(stepper(i, NAME + (i + 1) * across + NODE / 2));
  });
  connect();
  const count = sizes().length;
  $("depth").textContent = `${count} hidden layer${count === 1 ? "" : "s"}`;
  $("fewer").disabled = count === 0;
  $("more").disabled = count === MOST_LAYERS;
  document.querySelector(`[data-node="${focused}"]`)?.focus();
}

function square(node, title, x, y, onclick) {
  const canvas = make("canvas");
  const button = make("button", { className: "unit", type: "button", title, onclick }, canvas);
  button.setAttribute("aria-label", title);
  Object.assign(button.style, { left: `${x}px`, top: `${y}px` });
  button.dataset.node = node;
  $("units").append(button);
  return { button, canvas, x, y };
}

function feature(name, index, { x, y }) {
  const on = inputs().includes(name);
  const size = scene.sides[1] ** 2;
  const node = square(name, `${FEATURES[name]}: give it to the network or not`, x, y, () => {
    const kept = Object.keys(FEATURES).filter((f) => (
      inputs(wished).includes(f) !== (f === name)));
    if (kept.length) choose({ features: kept.join(",") });
    else say("The network needs at least one feature.", true);
  });
  node.button.classList.add("feature");
  node.button.setAttribute("aria-pressed", on);
  node.button.append(make("span", { className: "name", textContent: FEATURES[name] }));
  paint(node.canvas, scene.maps.subarray(index * size, (index + 1) * size), scene.sides[1]);
  return node;
}

function unit(layer, index, { x, y }) {
  const last = layer === sizes().length;
  const title = last ? "Output" : `Layer ${layer + 1}, unit ${index + 1}`;
  const node = square(`${layer}-${index}`, `${title}: change its weights`, x, y,
    () => edit(layer, BIAS, index));
  const look = (to) => { shown = to; draw(); };
  node.button.onpointerenter = node.button.onfocus = () => look(last ? null : [layer, index]);
  node.button.onpointerleave = node.button.onblur = () => look(null);
  node.bias = make("span", { className: "bias" });
  node.button.append(node.bias);
  return node;
}

function stepper(layer, x) {
  const bounded = (size) => Math.min(MOST_UNITS, Math.max(1, size));
  const change = (by) => resize(
    sizes(wished).map((size, i) => (i === layer ? bounded(size + by) : size)),
  );
  const size = sizes()[layer];
  const button = (sign, by, word) => {
    const made = make("button", { type: "button", textContent: sign, onclick: () => change(by) });
    made.setAttribute("aria-label", `One unit ${word} in layer ${layer + 1}`);
    made.dataset.node = `${word}-${layer}`;
    made.disabled = size + by < 1 || size + by > MOST_UNITS;
    return made;
  };
  const text = make("div", { textContent: `${size} unit${size === 1 ? "" : "s"}` });
  const box = make("div", { className: "size" }, text, button("−", -1, "less"), " ",
    button("+", 1, "more"));
  box.style.left = `${x}px`;
  return box;
}

function connect() {
  const SVG = "http://www.w3.org/2000/svg";
  const grips = [];
  edges = [];
  for (let layer = 0; layer < nodes.length - 1; layer++) {
    nodes[layer].forEach((from, row) => nodes[layer + 1].forEach((to, column) => {
      const [x0, y0, x1, y1] = [from.x + NODE, from.y + NODE / 2, to.x, to.y + NODE / 2];
      const bend = (x0 + x1) / 2;
      const d = `M${x0} ${y0}C${bend} ${y0} ${bend} ${y1} ${x1} ${y1}`;
      const grip = document.createElementNS(SVG, "path");
      grip.setAttribute("d", d);
      grip.dataset.edge = `${layer}-${row}-${column}`;
      grip.onclick = () => edit(layer, row, column);
      grips.push(grip);
      edges.push({ layer, row, column, line: new Path2D(d) });
    }));
  }
  $("grips").replaceChildren(...grips); // they never change, and so cost nothing
}

// --- changing weights -----------------------------------------------------------------

function edit(layer, row, column) {
  if (!now) return;
  const card = $("card");
  const last = layer === sizes().length;
  const title = last ? "output" : `layer ${layer + 1}, unit ${column + 1}`;
  const from = (i) => (layer ? `unit ${i + 1}` : FEATURES[inputs()[i]]);
  const field = (i) => {
    const input = make("input", { type: "number", step: "any", min: -100, max: 100, required: true });
    input.value = weight(layer, i, column);
    input.dataset.row = i;
    input.onchange = () => {
      if (!input.reportValidity()) return;
      act("edit", { layer, row: i, column, value: Number(input.value) });
    };
    return make("label", {}, i === BIAS ? "bias" : `from ${from(i)}`, input);
  };
  card.replaceChildren(make("h3", { textContent: `Weights: ${title}` }), field(BIAS),
    ...now.kernels[layer].map((_, i) => field(i)), make("button", { textContent: "Done" }));
  card.dataset.place = `${layer}-${column}`;
  card.hidden = false;
  const node = nodes[layer + 1][column];
  const [wide, high] = [$("net").clientWidth, $("net").clientHeight];
  const left = Math.min(Math.max(4, node.x - card.offsetWidth - 14), wide - card.offsetWidth - 4);
  card.style.left = `${left}px`;
  card.style.top = `${Math.max(4, Math.min(node.y, high - card.offsetHeight - 4))}px`;
  card.querySelector(`[data-row="${row}"]`).select();
}

const weight = (layer, row, column) => (
  row === BIAS ? now.biases[layer][column] : now.kernels[layer][row][column]
);

function shut() {
  const card = $("card");
  if (card.hidden) return;
  card.hidden = true;
  document.querySelector(`[data-node="${card.dataset.place}"]`)?.focus();
}

function refresh() { // the numbers of an open card
  if ($("card").hidden) return;
  const [layer, column] = $("card").dataset.place.split("-").map(Number);
  for (const input of $("card").querySelectorAll("input")) {
    if (input !== document.activeElement) input.value = weight(layer, +input.dataset.row, column);
  }
}

// --- drawing --------------------------------------------------------------------------

function draw() {
  due = false;
  if (!now || !scene) return;
  counts.drawn++;
  $("epoch").textContent = now.epoch.toLocaleString("en");
  $("play").textContent = now.playing ? "Pause" : "Play";
  $("play").setAttribute("aria-pressed", now.playing);
  const number = (x) => (x === null ? "not a number" : x.toFixed(4));
  $("train-loss").textContent = number(now.losses[0]);
  $("test-loss").textContent = number(now.losses[1]);
  const colours = state.discrete === "1" ? SIGNS : SMOOTH;
  const maps = split();
  maps.forEach((layer, i) => layer.forEach(({ bytes, side }, j) => {
    const node = nodes[i + 1]?.[j];
    if (!node) return;
    paint(node.canvas, bytes, side, colours);
    node.bias.style.background = css(now.biases[i][j] * 2);
    node.bias.style.outline = "1px solid #5b6470";
  }));
  lines();
  refresh();
  plane(maps, colours);
  chart();
}

function lines() { // the weights
  const [context] = sharp($("edges"));
  for (const { layer, row, column, line } of edges) {
    const w = now.kernels[layer]?.[row]?.[column] ?? 0;
    const alpha = Math.min(0.9, 0.3 + Math.abs(w) / 2);
    context.strokeStyle = `rgb(${(w < 0 ? ORANGE : BLUE).join(" ")} / ${alpha.toFixed(2)})`;
    context.lineWidth = Math.min(9, 0.4 + 2.2 * Math.abs(w));
    context.stroke(line);
  }
}

function split() { // the maps of a picture by layers and units
  const [fine, coarse] = scene.sides;
  let at = 0;
  const next = (side) => ({ side, bytes: now.maps.subarray(at, (at += side * side)) });
  const layers = sizes().map((count) => Array.from({ length: count }, () => next(coarse)));
  return [...layers, [next(fine)]];
}

const buffer = document.createElement("canvas");

function plane(maps, colours) {
  const [context, width] = sharp($("map"));
  const [left, bottom] = [24, 20];
  const size = width - left - 4;
  const found = shown && maps[shown[0]]?.[shown[1]];
  const { bytes, side } = found || maps.at(-1)[0];
  $("shown").textContent = found
    ? `What unit ${shown[1] + 1} of layer ${shown[0] + 1} says` : "What the network says";
  paint(buffer, bytes, side, colours);
  context.imageSmoothingEnabled = colours === SMOOTH;
  context.drawImage(buffer, left, 4, size, size);
  const to = (x) => ((x + scene.edge) / (2 * scene.edge)) * size;
  const points = [[scene.points[0], false], [state.tests === "1" ? scene.points[1] : [], true]];
  for (const [rows, test] of points) {
    for (const [x, y, value] of rows) {
      if (Math.abs(x) > scene.edge || Math.abs(y) > scene.edge) continue;
      context.beginPath();
      if (test) context.rect(left + to(x) - 3, 4 + size - to(y) - 3, 6, 6);
      else context.arc(left + to(x), 4 + size - to(y), 3.2, 0, 7);
      context.fillStyle = css(value);
      context.fill();
      context.strokeStyle = test ? "#22262b" : "rgb(34 38 43 / .5)";
      context.stroke();
    }
  }
  context.fillStyle = "#5b6470";
  context.font = "11px system-ui, sans-serif";
  for (const tick of [-6, -3, 0, 3, 6]) {
    const text = String(tick).replace("-", "−");
    context.textAlign = tick === 6 ? "right" : tick === -6 ? "left" : "center";
    context.fillText(text, left + to(tick), 4 + size + 14);
    context.textAlign = "right";
    context.fillText(text, left - 5, 4 + size - to(tick) + (tick === 6 ? 9 : tick === -6 ? 0 : 4));
  }
}

function chart() {
  const [context, width, height] = sharp($("chart"));
  const [left, bottom] = [34, height - 16];
  const last = curve.at(-1)?.[0] || 1;
  const sorted = curve.map(([, a, b]) => Math.max(a, b));
  const most = Math.max(...sorted, 1e-6);
  context.strokeStyle = "#d6dae0";
  context.strokeRect(left + 0.5, 4.5, width - left - 2, bottom - 4);
  context.fillStyle = "#5b6470";
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "right";
  context.fillText(most < 100 ? most.toFixed(2) : most.toExponential(0), left - 4, 13);
  context.fillText("0", left - 4, bottom);
  context.fillText(`epoch ${curve.at(-1)?.[0] ?? 0}`, width - 2, height - 3);
  for (const [index, colour, dashes] of [[2, "#8a5a00", [2, 2]], [1, "#22262b", []]]) {
    context.beginPath();
    for (const point of curve) {
      context.lineTo(left + 1 + (point[0] / last) * (width - left - 3),
        bottom - (point[index] / most) * (bottom - 6));
    }
    context.strokeStyle = colour;
    context.lineWidth = 1.8;
    context.setLineDash(dashes);
    context.stroke();
  }
  context.setLineDash([]);
  context.lineWidth = 1;
}

// --- the script, and the speed --------------------------------------------------------

function show(text) {
  document.querySelector("#program code").textContent = text;
  document.querySelector("#program span").textContent = "";
  if (!$("program").open) $("program").showModal();
}

async function copy() {
  const code = document.querySelector("#program code");
  const told = document.querySelector("#program span");
  try {
    await navigator.clipboard.writeText(code.textContent);
    told.textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(code);
    told.textContent = "Selected: press Ctrl-C.";
  }
}

function measure() {
  const seconds = 1;
  let before = counts.drawn;
  setInterval(() => {
    const drawn = (counts.drawn - before) / seconds;
    before = counts.drawn;
    $("fps").textContent = now?.playing ? `${drawn} pictures a second` : "";
  }, seconds * 1000);
}

function legend() {
  const canvas = document.querySelector("#legend canvas");
  [canvas.width, canvas.height] = [255, 1];
  const context = canvas.getContext("2d");
  for (let i = 0; i < 255; i++) {
    context.fillStyle = css((i - 127) / 127);
    context.fillRect(i, 0, 1, 1);
  }
}

listen();
legend();
measure();
open().catch(() => say("kerasish does not answer: was it stopped? Load the page anew.", true));
