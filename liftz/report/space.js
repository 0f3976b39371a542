"use strict";
// Points in space and how they are seen: unpacking, turning, drawing. No DOM but the canvas that is handed in.

const UNSEEN = -32768;

// 16-bit numbers in base64, as liftz/report/_packing.py writes them; NaN where nothing was seen.
function unpack({low, step, data}) {
  const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({length: bytes.length / 2}, (_, i) => {
    const level = view.getInt16(2 * i, true);
    return level === UNSEEN ? NaN : low + step * (level + 32767);
  });
}

// A clip as the player moves it: for each series the points as (right, up, towards the viewer), frame by frame.
function openClip(packed, yUp) {
  const x = unpack(packed.x), y = unpack(packed.y);
  const series = packed.series.map(({name, z}) => {
    const depth = z ? unpack(z) : null;
    const points = new Float32Array(3 * x.length);
    for (let i = 0; i < x.length; i++) {
      points[3 * i] = yUp ? -x[i] : x[i];  // right-handed: where y goes up, x goes to the viewer's left
      points[3 * i + 1] = yUp ? y[i] : -y[i];
      points[3 * i + 2] = depth ? -depth[i] : 0;
    }
    return {name, points};
  });
  return {...packed, series, box: boxOf(series)};
}

// Middle and half size of the box around all that a clip shows.
function boxOf(series) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (const {points} of series)
    for (let i = 0; i < points.length; i++) {
      if (points[i] < low[i % 3]) low[i % 3] = points[i];
      if (points[i] > high[i % 3]) high[i % 3] = points[i];
    }
  const ends = low.map((l, c) => l <= high[c] ? [l, high[c]] : [0, 0]);  // nothing may be seen at all
  return {middle: ends.map(([l, h]) => (l + h) / 2), half: ends.map(([l, h]) => Math.max((h - l) / 2, 1e-6))};
}

// Where a region is in one frame, and how large it ever gets: for looking at a hand that moves.
function regionAt(clip, members, frame, n) {
  const {points} = clip.series[0];
  const seen = members.filter(k => !Number.isNaN(points[3 * (frame * n + k)] + points[3 * (frame * n + k) + 2]));
  return seen.length ? [0, 1, 2].map(c => seen.reduce((sum, k) => sum + points[3 * (frame * n + k) + c], 0) / seen.length)
                     : null;
}

function regionRadius(clip, members, n) {
  let radius = 1e-6;
  for (let f = 0; f < clip.frames; f++) {
    const centre = regionAt(clip, members, f, n);
    for (const k of centre ? members : []) {
      const at = 3 * (f * n + k), p = clip.series[0].points;
      const d = Math.hypot(p[at] - centre[0], p[at + 1] - centre[1], p[at + 2] - centre[2]);
      if (d > radius) radius = d;
    }
  }
  return radius;
}

// The camera's three directions, for a turn about the upright axis and a tilt, in radians.
function axesOf({turn, tilt}) {
  const [ct, st, cp, sp] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  return {right: [ct, 0, -st], up: [-st * sp, cp, -ct * sp]};
}

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

// A length that reads well, 1, 2 or 5 times a power of ten, and at most `most`.
function roundLength(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map(m => m * power).find(length => length <= most);
}

class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
  }

  // Match the canvas to its size on the page, and forget what was drawn.
  clear() {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  // Orthographic: one scale all over the picture, whatever the depth.
  look(camera, middle, half) {
    this.axes = axesOf(camera);
    const reach = Math.hypot(half[0], half[2]);  // it may turn without leaving the picture
    const tall = half[1] * Math.abs(Math.cos(camera.tilt)) + reach * Math.abs(Math.sin(camera.tilt));
    this.scale = camera.zoom * Math.min(this.width / (2.1 * reach), (this.height - 46) / (2.1 * tall));
    this.origin = [this.width / 2 - this.scale * dot(this.axes.right, middle),
                   this.height / 2 - 6 + this.scale * dot(this.axes.up, middle)];
  }

  project(points, frame, n) {
    const places = new Float32Array(2 * n);
    for (let k = 0; k < n; k++) {
      const at = 3 * (frame * n + k), point = [points[at], points[at + 1], points[at + 2]];
      places[2 * k] = this.origin[0] + this.scale * dot(this.axes.right, point);
      places[2 * k + 1] = this.origin[1] - this.scale * dot(this.axes.up, point);
    }
    return places;
  }

  // `lit` are the keypoints in full colour where only some are looked at; the others are faint.
  body(places, edges, colours, {thin = false, lit = null} = {}) {
    const {pen} = this, n = places.length / 2;
    pen.lineCap = "round";
    pen.lineWidth = thin ? 1.2 : n < 60 ? 3 : 1.8;
    for (const [a, b, colour] of edges) {
      if (Number.isNaN(places[2 * a] + places[2 * b])) continue;
      pen.globalAlpha = !lit || lit.has(b) ? 1 : 0.15;
      pen.strokeStyle = colours.edge(colour, b);
      pen.beginPath();
      pen.moveTo(places[2 * a], places[2 * a + 1]);
      pen.lineTo(places[2 * b], places[2 * b + 1]);
      pen.stroke();
    }
    const radius = thin ? 1 : n < 60 ? 3.5 : 1.8;
    for (let k = 0; k < n; k++) {
      if (Number.isNaN(places[2 * k])) continue;
      pen.globalAlpha = !lit || lit.has(k) ? 1 : 0.15;
      pen.fillStyle = colours.dot(k);
      pen.beginPath();
      pen.arc(places[2 * k], places[2 * k + 1], radius, 0, 2 * Math.PI);
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  // A bar of a round length with its unit, and where x, y and depth grow.
  legend(ink, units, yUp, flat) {
    const {pen, width, height} = this;
    const length = roundLength(width / 3 / this.scale);
    pen.strokeStyle = pen.fillStyle = ink;
    pen.lineWidth = 1.5;
    pen.font = "12px system-ui, sans-serif";
    pen.textAlign = "left";
    pen.beginPath();
    pen.moveTo(10, height - 14);
    pen.lineTo(10, height - 10);
    pen.lineTo(10 + length * this.scale, height - 10);
    pen.lineTo(10 + length * this.scale, height - 14);
    pen.stroke();
    pen.fillText(`${Number(length.toPrecision(1))}${units ? " " + units : ""}`, 12, height - 17);
    const [x, y] = [width - 58, height - 40];
    const arrows = [["x", [yUp ? -1 : 1, 0, 0]], ["y", [0, yUp ? 1 : -1, 0]], ["depth", [0, 0, -1]]];
    for (const [name, direction] of flat ? arrows.slice(0, 2) : arrows) {
      const [dx, dy] = [22 * dot(this.axes.right, direction), -22 * dot(this.axes.up, direction)];
      const long = Math.hypot(dx, dy);
      if (long < 4) continue;  // it points at the viewer
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x + dx, y + dy);
      pen.stroke();
      pen.beginPath();
      pen.arc(x + dx, y + dy, 2, 0, 2 * Math.PI);
      pen.fill();
      const aside = Math.abs(dx) > 6 ? Math.sign(dx) : name === "depth" ? 1 : 0;
      pen.textAlign = ["right", "center", "left"][aside + 1];
      pen.fillText(name, x + dx + 6 * aside, y + dy + 4 + (Math.abs(dy) > 4 ? (aside ? 5 : 9) * Math.sign(dy) : 0));
    }
  }
}
