//! A page in a real browser: headless Chromium draws it, moves a pointer over it, and takes its picture.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Moves and presses as a reader would, inside the page, and tells the frame around it what came of it.
const PROBE: &str = r#"<script>
addEventListener("load", () => {
  const svgs = [...document.querySelectorAll("figure svg")];
  const at = (target, type, x, y) =>
    target.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, bubbles: true }));
  const tip = document.querySelector(".tip");
  const told = [];
  for (const svg of svgs) {
    const mark = svg.querySelector("[data-tip]"), line = svg.querySelector("polyline[data-series]");
    if (!mark && !line) continue;
    svg.scrollIntoView();
    const points = mark ? [] : [...line.points];
    const middle = points[Math.floor(points.length / 2)];
    const box = mark && mark.getBBox();
    const place = mark ? new DOMPoint(box.x + box.width / 2, box.y + box.height / 2) : new DOMPoint(middle.x, middle.y);
    const screen = place.matrixTransform(svg.getScreenCTM());
    at(svg, "pointermove", screen.x, screen.y);
    told.push(tip.classList.contains("on") ? tip.textContent : "");
    at(svg, "pointerleave", 0, 0);
  }
  const entry = document.querySelector("[data-switch]");
  const hidden = () => document.querySelectorAll("polyline.off").length;
  if (entry) entry.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  const switched = hidden();
  if (entry) entry.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  // An interval that is drawn when its name is pointed at, and only then.
  const names = [...document.querySelectorAll("svg[id=det] [data-switch]")], name = names[names.length - 1];
  const opaque = () => [...document.querySelectorAll("svg[id=det] polygon.band")]
    .filter(band => band.dataset.series === name?.dataset.switch && getComputedStyle(band).fillOpacity > 0.3).length;
  name?.dispatchEvent(new PointerEvent("pointerenter"));
  const shaded = opaque();
  name?.dispatchEvent(new PointerEvent("pointerleave"));
  const unshaded = opaque();
  // A rectangle drawn over the middle of the first plot, and all of it again.
  const first = svgs[0], whole = first.getAttribute("viewBox");
  first.scrollIntoView();
  const box = first.getBoundingClientRect();
  const drag = (type, share) => first.dispatchEvent(new PointerEvent(type, {
    clientX: box.left + box.width * share, clientY: box.top + box.height * share, pointerType: "mouse", button: 0, bubbles: true }));
  drag("pointerdown", 0.3); drag("pointermove", 0.5); drag("pointerup", 0.6);
  const zoomed = first.getAttribute("viewBox") !== whole;
  document.querySelector(".zoom button")?.click();
  const again = first.getAttribute("viewBox") === whole && !document.querySelector(".zoom");
  scrollTo(0, 0);
  // Points of a canvas that something was drawn on, where the page has one.
  const canvas = document.querySelector("canvas");
  const pixels = canvas ? canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data : [];
  let ink = 0;
  for (let i = 3; i < pixels.length; i += 4) ink += pixels[i] > 0;
  const found = {
    ink, zoomed, again, shaded, unshaded,
    ids: svgs.map(svg => svg.id),
    plots: svgs.length,
    drawn: svgs.filter(svg => svg.getBBox().width > 50 && svg.getBoundingClientRect().height > 50).length,
    told, switched, back: hidden(),
    width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight,
    smallest: Math.min(...[...document.querySelectorAll("svg text")].map(text =>
      parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)),
  };
  parent.postMessage(found, "*");
});
</script>"#;

/// What a page did in the browser.
#[derive(Debug)]
pub struct Seen {
    /// What the probe found: `plots`, `drawn`, `told`, `switched`, `back`, `ink`, `zoomed`, `again`, `shaded`, `unshaded`, `ids`, `width`, `height`, `smallest`.
    pub found: Value,
    /// What the page wrote to the browser's console.
    pub console: Vec<String>,
}

/// Chromium, or nothing, said loudly, where it is not installed.
pub fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.iter().map(|name| Path::new("/usr/bin").join(name)).find(|path| path.exists());
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("SKIPPED: {test}: no Chromium in /usr/bin; apt-get install chromium");
    }
    found
}

/// Opens `page` in a frame of `width` pixels and moves over it.
pub fn look(chromium: &Path, page: &Path, width: usize, work: &Path) -> Seen {
    let text = std::fs::read_to_string(page).expect("the page is there");
    let probed = text.replace("</body>", &format!("{PROBE}</body>"));
    std::fs::write(work.join("probed.html"), probed).expect("writable");
    let frame = work.join("frame.html");
    let listener = "<script>addEventListener('message', m => document.body.dataset.found = JSON.stringify(m.data))</script>";
    let html = format!(
        "<!DOCTYPE html><body style='margin:0'>{listener}<iframe src='probed.html' style='width:{width}px;height:900px;border:0'></iframe>"
    );
    std::fs::write(&frame, html).expect("writable");
    let output = headless(chromium, work, width, 900)
        .args(["--virtual-time-budget=3000", "--enable-logging=stderr", "--dump-dom"])
        .arg(format!("file://{}", frame.display()))
        .output()
        .expect("Chromium starts");
    let (dom, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let found = dom.split("data-found=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("null");
    Seen {
        found: serde_json::from_str(&found.replace("&quot;", "\"").replace("&amp;", "&")).expect("JSON"),
        console: log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect(),
    }
}

/// Takes a picture of the whole page, `height` pixels high, in the light or the dark.
pub fn picture(chromium: &Path, page: &Path, (width, height): (usize, usize), dark: bool, to: &Path) {
    let work = tempfile::tempdir().expect("a temporary folder");
    let frame = work.path().join("frame.html");
    let page = page.display();
    let html = format!(
        "<!DOCTYPE html><meta name='color-scheme' content='light dark'><body style='margin:0'><iframe src='file://{page}' style='width:{width}px;height:{height}px;border:0'></iframe>"
    );
    std::fs::write(&frame, html).expect("writable");
    let mut command = headless(chromium, work.path(), width, height);
    if dark {
        command.arg("--blink-settings=preferredColorScheme=0");
    }
    let output = command
        .arg(format!("--screenshot={}", to.display()))
        .arg(format!("file://{}", frame.display()))
        .output()
        .expect("Chromium starts");
    assert!(to.is_file(), "no picture: {}", String::from_utf8_lossy(&output.stderr));
}

fn headless(chromium: &Path, work: &Path, width: usize, height: usize) -> Command {
    let mut command = Command::new(chromium);
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
        .args(["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"])
        .arg(format!("--user-data-dir={}", work.join("profile").display()))
        .arg(format!("--window-size={},{height}", width.max(500)));
    command
}
