// Draws some seconds of all channels; a slider moves through the recording.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("signals").textContent);
  const canvas = document.getElementById("trace"), context = canvas.getContext("2d");
  const at = document.getElementById("at"), span = document.getElementById("span"), gain = document.getElementById("gain");
  const side = () => data[document.querySelector("input[name=side]:checked").value];
  const decoded = new Map();
  const samples = (of, channel) => {
    const key = of.signals[channel];
    if (!decoded.has(key)) {
      const bytes = Uint8Array.from(atob(key), c => c.charCodeAt(0));
      decoded.set(key, new Int16Array(bytes.buffer));
    }
    return decoded.get(key);
  };
  const draw = () => {
    const of = side(), seconds = +span.value, from = +at.value, colours = getComputedStyle(document.documentElement);
    const count = data.channels.length, row = Math.max(22, Math.min(60, 620 / count)), left = 74, top = 18;
    const wide = canvas.clientWidth, high = top + row * count + 26, scale = devicePixelRatio || 1;
    canvas.width = wide * scale; canvas.height = high * scale; canvas.style.height = high + "px";
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, wide, high);
    context.font = "12px system-ui, sans-serif";
    const x = second => left + (second - from) / seconds * (wide - left - 6);
    context.strokeStyle = colours.getPropertyValue("--grid"); context.fillStyle = colours.getPropertyValue("--soft");
    for (let second = Math.ceil(from); second <= from + seconds; second += seconds > 20 ? 5 : 1) {
      context.beginPath(); context.moveTo(x(second), top); context.lineTo(x(second), high - 22); context.stroke();
      context.fillText(second + " s", x(second) - 8, high - 6);
    }
    for (let channel = 0; channel < count; channel++) {
      const values = samples(of, channel), middle = top + row * (channel + 0.5), length = Math.round(of.epoch * of.rate);
      context.fillStyle = data.flags[channel].length ? colours.getPropertyValue("--leak") : colours.getPropertyValue("--ink");
      context.fillText(data.channels[channel], 4, middle + 4);
      context.strokeStyle = data.flags[channel].length ? colours.getPropertyValue("--leak") : colours.getPropertyValue("--c0");
      context.lineWidth = 1;
      context.beginPath();
      let sum = 0, seen = 0;
      const shown = [];
      of.starts.forEach((start, epoch) => {
        if (start + of.epoch < from || start > from + seconds) return;
        for (let i = 0; i < length; i++) {
          const second = start + i / of.rate;
          if (second < from || second > from + seconds) continue;
          const value = values[epoch * length + i] * of.step;
          sum += value; seen++;
          shown.push([second, value]);
        }
      });
      const mean = seen ? sum / seen : 0;
      let before = -1;
      for (const [second, value] of shown) {
        const y = Math.max(middle - row, Math.min(middle + row, middle - (value - mean) / +gain.value * row));
        if (second - before > 2 / of.rate) context.moveTo(x(second), y); else context.lineTo(x(second), y);
        before = second;
      }
      context.stroke();
    }
    context.strokeStyle = context.fillStyle = colours.getPropertyValue("--warn");
    for (const [second, label] of data.annotations) {
      if (second < from || second > from + seconds) continue;
      context.beginPath(); context.moveTo(x(second), top - 4); context.lineTo(x(second), high - 22); context.stroke();
      context.fillText(label.slice(0, 24), x(second) + 3, 12);
    }
    document.getElementById("place").textContent = `${from.toFixed(0)} to ${(from + seconds).toFixed(0)} s, ${gain.value} µV from one channel to the next`;
  };
  const fit = () => { at.max = Math.max(0, data.seconds - span.value); draw(); };
  for (const control of [at, gain, ...document.querySelectorAll("input[name=side]")]) control.addEventListener("input", draw);
  span.addEventListener("input", fit);
  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    at.value = +at.value + Math.sign(event.deltaY || event.deltaX) * span.value / 5;
    draw();
  }, { passive: false });
  addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  fit();
})();
