"use strict";
// The player: what is on the page moves the camera and the frame, and every change draws anew.

const data = JSON.parse(document.getElementById("clips").textContent);
const n = data.keypoints.length;
const $ = id => document.getElementById(id);
const VIEWS = {oblique: {turn: 0.6, tilt: 0.32}, front: {turn: 0, tilt: 0}, side: {turn: Math.PI / 2, tilt: 0},
               top: {turn: 0, tilt: Math.PI / 2}};
const camera = {...VIEWS.oblique, zoom: 1};
let clip, stages = [], frame = 0, playing = false, last = 0, colours = {}, hovered = null, lookAt = null, waiting = false;

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ink", "ghost", "left", "right", "middle"]) colours[name] = style.getPropertyValue("--" + name).trim();
}

function choose(index) {
  clip = openClip(data.clips[index], data.y_up);
  const shown = clip.series.length;
  $("stages").replaceChildren(...clip.series.map(({name}) => {
    const figure = document.createElement("figure"), canvas = document.createElement("canvas");
    const caption = document.createElement("figcaption");
    caption.textContent = name;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${name}: a signer as a skeleton in 3D. Arrow keys step, shift and arrow keys turn.`);
    figure.append(caption, canvas);
    hear(canvas);
    return figure;
  }));
  stages = [...$("stages").querySelectorAll("canvas")].map(canvas => new Stage(canvas));
  $("compare").hidden = shown < 2;
  $("scrub").max = clip.frames - 1;
  $("note").textContent = clip.note;
  if (clip.flat) Object.assign(camera, VIEWS.front);
  look($("look").value);
  show(0);
}

function look(region) {
  const members = data.regions[region];
  lookAt = members ? {members, lit: new Set(members), radius: regionRadius(clip, members, n), centre: [...clip.box.middle]} : null;
  redraw();
}

function show(number) {
  frame = Math.max(0, Math.min(clip.frames - 1, number));
  $("scrub").value = frame;
  const seconds = (frame / data.fps).toFixed(2);
  $("scrub").setAttribute("aria-valuetext", `frame ${frame + 1} of ${clip.frames}, ${seconds} s`);
  $("time").textContent = `frame ${frame + 1} / ${clip.frames}, ${seconds} s`;
  redraw();
}

// How far apart the two series are in depth at a keypoint of this frame; NaN where either is not seen.
function errorAt(k) {
  const at = 3 * (frame * n + k) + 2;
  return Math.abs(clip.series[1].points[at] - clip.series[0].points[at]);
}

function redraw() {
  if (!waiting) requestAnimationFrame(draw);
  waiting = true;
}

function draw() {
  waiting = false;
  const {middle, half} = clip.box;
  if (lookAt) lookAt.centre = regionAt(clip, lookAt.members, frame, n) || lookAt.centre;
  const lit = lookAt && lookAt.lit;
  const byError = clip.series.length > 1 && $("by-error").checked;
  stages.forEach((stage, s) => {
    stage.clear();
    if (lookAt) stage.look(camera, lookAt.centre, Array(3).fill(lookAt.radius));
    else stage.look(camera, middle, half);
    if (s > 0 && $("ghost").checked)
      stage.body(stage.project(clip.series[0].points, frame, n), data.edges,
                 {edge: () => colours.ghost, dot: () => colours.ghost}, {thin: true, lit});
    const paint = byError && s > 0 ? {edge: (_, k) => heat(errorAt(k)), dot: k => heat(errorAt(k))}
                                   : {edge: side => colours[side], dot: k => colours[data.sides[k]]};
    stage.places = stage.project(clip.series[s].points, frame, n);
    stage.body(stage.places, data.edges, paint, {lit});
    stage.legend(colours.ink, data.units, data.y_up, clip.flat);
  });
  tell();
}

function heat(error) {
  if (Number.isNaN(error)) return colours.ghost;
  const at = Math.min(error / data.limit, 1) * (data.heat.length - 1), i = Math.min(Math.floor(at), data.heat.length - 2);
  return `rgb(${data.heat[i].map((c, j) => Math.round(c + (at - i) * (data.heat[i + 1][j] - c))).join(" ")})`;
}

function tell() {
  const parts = [];
  if (clip.series.length > 1) {
    const errors = [...Array(n).keys()].map(errorAt).filter(
      (error, k) => data.compared[k] && !Number.isNaN(error) && (!lookAt || lookAt.lit.has(k)));
    const mean = errors.reduce((sum, e) => sum + e, 0) / errors.length;
    const where = lookAt ? `${$("look").value}, this frame` : "this frame";
    parts.push(errors.length ? `error in ${where}: ${mean.toPrecision(3)} ${data.units}` : `nothing comparable in ${where}`);
  }
  if (hovered !== null) {
    const error = clip.series.length > 1 ? errorAt(hovered) : NaN;
    parts.push(data.keypoints[hovered] + (Number.isNaN(error) ? "" : `: ${error.toPrecision(3)} ${data.units}`));
  }
  $("told").textContent = parts.join(" \u2014 ");
}

function play(on) {
  playing = on;
  $("play").textContent = on ? "Pause" : "Play";
  last = performance.now();
  if (on) requestAnimationFrame(tick);
}

function tick(now) {
  if (!playing) return;
  const steps = Math.floor((now - last) / 1000 * data.fps * Number($("speed").value));
  if (steps > 0) {
    last += steps * 1000 / data.fps / Number($("speed").value);
    show((frame + steps) % clip.frames);
  }
  requestAnimationFrame(tick);
}

function turn(by, tilt = 0) {
  camera.turn += by;
  camera.tilt = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, camera.tilt + tilt));
  redraw();
}

function zoom(by) {
  camera.zoom = Math.max(0.3, Math.min(12, camera.zoom * by));
  redraw();
}

function view(name) {
  Object.assign(camera, VIEWS[name], {zoom: 1});
  redraw();
}

// Drag with mouse or finger, pinch with two; a wheel zooms only where the picture was clicked, so that pages scroll on.
function hear(canvas) {
  const held = new Map();
  const gap = () => { const [a, b] = [...held.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
  canvas.addEventListener("pointerdown", event => {
    held.set(event.pointerId, {x: event.clientX, y: event.clientY});
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", event => {
    const before = held.get(event.pointerId);
    if (!before) return hover(canvas, event);
    const apart = held.size === 2 ? gap() : 0, [dx, dy] = [event.clientX - before.x, event.clientY - before.y];
    held.set(event.pointerId, {x: event.clientX, y: event.clientY});
    if (apart) zoom(gap() / apart);
    else turn(-dx / 120, dy / 120);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, event => held.delete(event.pointerId));
  canvas.addEventListener("pointerleave", () => { hovered = null; tell(); });
  canvas.addEventListener("dblclick", () => view("oblique"));
  canvas.addEventListener("wheel", event => {
    if (document.activeElement !== canvas && !event.ctrlKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 500));
  }, {passive: false});
}

function hover(canvas, event) {
  const stage = stages.find(one => one.canvas === canvas);
  let nearest = 15;
  hovered = null;
  for (let k = 0; k < n && stage.places; k++) {
    const away = Math.hypot(stage.places[2 * k] - event.offsetX, stage.places[2 * k + 1] - event.offsetY);
    if (away < nearest) [nearest, hovered] = [away, k];
  }
  tell();
}

const KEYS = {" ": () => play(!playing), ArrowLeft: () => show(frame - 1), ArrowRight: () => show(frame + 1),
              Home: () => show(0), End: () => show(clip.frames - 1), "+": () => zoom(1.25), "-": () => zoom(0.8),
              f: () => view("front"), s: () => view("side"), t: () => view("top"), o: () => view("oblique")};
const SHIFTED = {ArrowLeft: () => turn(0.15), ArrowRight: () => turn(-0.15), ArrowUp: () => turn(0, -0.15),
                 ArrowDown: () => turn(0, 0.15)};

$("player").addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName !== "CANVAS") return;
  const act = event.shiftKey && SHIFTED[event.key] || KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
$("play").addEventListener("click", () => play(!playing));
$("back").addEventListener("click", () => show(frame - 1));
$("forward").addEventListener("click", () => show(frame + 1));
$("scrub").addEventListener("input", event => show(Number(event.target.value)));
$("clip").addEventListener("change", event => choose(Number(event.target.value)));
$("look").addEventListener("change", event => look(event.target.value));
for (const id of ["ghost", "by-error"]) $(id).addEventListener("change", redraw);
for (const name of Object.keys(VIEWS)) $(name).addEventListener("click", () => view(name));
$("closer").addEventListener("click", () => zoom(1.25));
$("farther").addEventListener("click", () => zoom(0.8));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });
addEventListener("resize", redraw);

for (const [i, {name}] of data.clips.entries()) $("clip").append(new Option(name, i));
for (const region of Object.keys(data.regions)) $("look").append(new Option(region, region));
$("heat-ends").textContent = `(blue 0, red ${data.limit.toPrecision(2)} ${data.units})`;
readColours();
choose(0);
