// Opens every page of the built site in Chromium at 390 and 1280 px, light and dark, and
// fails on console errors, pages wider than the screen, and violations that axe finds.
//
//     npm install puppeteer-core axe-core
//     node tests/site/look.mjs out [folder for pictures]
import { readFileSync, readdirSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, relative } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [site, pictures] = process.argv.slice(2);
const only = process.env.PAGES ? process.env.PAGES.split(",") : null;

function* htmlFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith("_")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* htmlFiles(path);
    else if (extname(path) === ".html") yield path;
  }
}

const types = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript",
  ".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json" };
const server = createServer((request, response) => {
  const path = join(site, decodeURIComponent(new URL(request.url, "http://x").pathname));
  try {
    const body = readFileSync(path);
    response.setHeader("Content-Type", types[extname(path)] ?? "application/octet-stream");
    response.end(body);
  } catch {
    response.statusCode = 404;
    response.end();
  }
}).listen(0);
const address = `http://localhost:${server.address().port}`;
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
let problems = 0;
let opened = 0;
const tell = (where, what) => { problems += 1; console.log(`${where}: ${what}`); };
if (pictures) mkdirSync(pictures, { recursive: true });

for (const width of [390, 1280]) {
  const page = await browser.newPage();
  await page.setViewport({ width, height: 900 });
  let name;
  page.on("console", (message) => {
    if (message.type() === "error") tell(name, message.text());
  });
  page.on("pageerror", (error) => tell(name, error.message));
  page.on("requestfailed", (request) => {
    if (request.url().startsWith(address)) tell(name, `not loaded: ${request.url()}`);
  });
  for (const file of htmlFiles(site)) {
    const place = relative(site, file);
    if (only && !only.includes(place)) continue;
    for (const scheme of width === 390 ? ["light"] : ["light", "dark"]) {
      name = `${place} (${width} px, ${scheme})`;
      await page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value: scheme },
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      await page.goto(`${address}/${place}`, { waitUntil: "load" });
      opened += 1;
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > width) tell(name, `${wide} px wide`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run());
      for (const { id, help, nodes } of violations) {
        tell(name, `${id}: ${help} (${nodes.length}), ${nodes[0].html.slice(0, 200)}`);
      }
      if (pictures) {
        const picture = `${place.replaceAll("/", "-")}-${width}-${scheme}.png`;
        await page.screenshot({ path: join(pictures, picture) });
      }
    }
  }
  await page.close();
}
// The search finds what readers look for: one of its first ten results is the page on it.
const wanted = { "known ahead": "tomorrow", GPU: "devices", intervals: "forecasting",
  save: "persistence", holidays: "calendar", ONNX: "onnx", "multiple series": "windows" };
const search = await browser.newPage();
for (const [words, wantedPage] of only ? [] : Object.entries(wanted)) {
  await search.goto(`${address}/search.html?q=${encodeURIComponent(words)}`);
  await search.waitForFunction(
    () => /finished|did not match/.test(document.querySelector("#search-results")?.innerText),
    { timeout: 20000 },
  ).catch(() => tell("search", `"${words}" did not end`));
  const found = await search.$$eval("#search-results li a", (links) =>
    links.map((link) => new URL(link.href).pathname.slice(1)));
  const place = found.findIndex((path) => path === `${wantedPage}.html`);
  if (place < 0 || place > 9) tell("search", `"${words}" finds ${found.slice(0, 10)}`);
  else console.log(`"${words}": ${wantedPage}.html is result ${place + 1} of ${found.length}`);
}
await browser.close();
server.close();
console.log(`${opened} views, ${problems} problems`);
process.exit(problems ? 1 : 0);
