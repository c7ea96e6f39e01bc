/* The station's seven sounds. Each is a list of [hertz, starts at, lasts] in seconds. The alarm
 * repeats until another tone or none. */
"use strict";

const tones = (() => {
  const SHAPES = {
    accept: [[1760, 0, 0.09]],
    line_done: [[1319, 0, 0.1], [1760, 0.12, 0.16]],
    order_done: [[1047, 0, 0.12], [1319, 0.14, 0.12], [1760, 0.28, 0.3]],
    refuse: [[196, 0, 0.38], [196, 0.48, 0.5]],
    alarm: [[880, 0, 0.28], [622, 0.3, 0.28], [880, 0.6, 0.28], [622, 0.9, 0.28]],
    attention: [[740, 0, 0.2], [740, 0.3, 0.2]],
    trouble: [[247, 0, 0.45]],
  };
  const ALARM_MS = 1800;
  let context = null;
  let repeat = 0;

  function open() {
    if (!context && window.AudioContext) context = new AudioContext({ latencyHint: "interactive" });
    return context;
  }
  function sound(shape) {
    for (const [hertz, at, lasts] of shape) {
      const start = context.currentTime + at + 0.005;
      const oscillator = context.createOscillator();
      const level = context.createGain();
      oscillator.type = hertz < 500 ? "square" : "triangle";
      oscillator.frequency.value = hertz;
      level.gain.setValueAtTime(0, start);
      level.gain.linearRampToValueAtTime(hertz < 500 ? 0.35 : 0.6, start + 0.008);
      level.gain.setValueAtTime(hertz < 500 ? 0.35 : 0.6, start + lasts - 0.02);
      level.gain.linearRampToValueAtTime(0, start + lasts);
      oscillator.connect(level).connect(context.destination);
      oscillator.start(start);
      oscillator.stop(start + lasts + 0.01);
    }
  }
  function play(name) {
    clearInterval(repeat);
    repeat = 0;
    if (!Object.hasOwn(SHAPES, name) || !open()) return;
    tones.played.push(name);
    if (tones.played.length > 32) tones.played.shift();
    sound(SHAPES[name]);
    if (name === "alarm") repeat = setInterval(() => sound(SHAPES.alarm), ALARM_MS);
  }
  /* A browser keeps pages silent until they are touched, unless it was started as a kiosk. */
  const silent = () => Boolean(open()) && context.state === "suspended";
  const wake = () => (open() ? context.resume() : Promise.resolve());
  return { play, silent, wake, played: [] };
})();
