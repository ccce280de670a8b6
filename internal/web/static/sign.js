// A box to sign in: keeps what is drawn as lines, in the unit of the box, and shows them.
(() => {
  "use strict";
  const pad = document.getElementById("pad"), kept = document.getElementById("strokes"), pen = pad.getContext("2d");
  const strokes = kept.value.split(";").filter(Boolean).map((line) => line.split(" ").map((pair) => pair.split(",").map(Number)));
  let drawing = false;

  const paint = () => {
    pen.clearRect(0, 0, pad.width, pad.height);
    pen.lineWidth = 7; pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = getComputedStyle(pad).color;
    for (const line of strokes) {
      pen.beginPath();
      line.forEach(([x, y], i) => i ? pen.lineTo(x, y) : (pen.moveTo(x, y), pen.lineTo(x, y)));
      pen.stroke();
    }
    kept.value = strokes.map((line) => line.map((p) => p.join(",")).join(" ")).join(";");
  };
  const place = (e) => {
    const box = pad.getBoundingClientRect();
    const into = (n, most) => Math.max(0, Math.min(most, Math.round(n)));
    return [into((e.clientX - box.left) / box.width * pad.width, pad.width), into((e.clientY - box.top) / box.height * pad.height, pad.height)];
  };
  pad.addEventListener("pointerdown", (e) => { drawing = true; pad.setPointerCapture(e.pointerId); strokes.push([place(e)]); paint(); e.preventDefault(); });
  pad.addEventListener("pointermove", (e) => {
    if (!drawing) return;
    const line = strokes.at(-1), at = place(e), before = line.at(-1);
    if (Math.hypot(at[0] - before[0], at[1] - before[1]) >= 3) { line.push(at); paint(); }
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { drawing = false; });
  document.getElementById("clear").addEventListener("click", () => { strokes.length = 0; paint(); });
  paint();
  const problems = document.getElementById("problems");
  if (problems) problems.focus();
})();
