// Works at the desk in Chromium: node desk.mjs PULSA DATA [SCREENSHOTS]. PULSA is the program, DATA its folder, which desk_test.go has filled.
// It ends with 0 where all is well, and says what is not.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { chromium } from "playwright-core";

const [pulsa, data, screenshots] = process.argv.slice(2);
const browserPath = process.env.PULSA_TEST_CHROMIUM || "/usr/bin/chromium";
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const problems = [];
const patience = 90_000;

const freePort = () => new Promise((done) => {
  const port = 12000 + Math.floor(Math.random() * 18000);
  const server = createServer().once("error", () => done(freePort())).listen(port, "127.0.0.1", () => server.close(() => done(port)));
});

const [port, adminPort, deskPort] = [await freePort(), await freePort(), await freePort()];
const desk = `http://127.0.0.1:${deskPort}`;

const server = spawn(pulsa, ["serve", "--data", data, "--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`, "--desk-listen", `127.0.0.1:${deskPort}`]);
let log = "", welcome = "";
server.stderr.on("data", (text) => { log += text; });
server.stdout.on("data", (text) => { welcome += text; });
const ended = new Promise((done) => server.once("exit", done));

async function enter() { // the link of the demo's admin
  for (let i = 0; i < 1200; i++) {
    const link = welcome.match(/https?:\/\/\S+\/-\/demo\/\S+/);
    if (link) return link[0];
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("serve prints no link to the desk:\n" + welcome + log);
}

// says sends a text as a customer would.
async function says(number, text) {
  const answer = await fetch(`http://127.0.0.1:${port}/webhooks/demo/fake`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ id: Math.random().toString(36), from: number, text }),
  });
  return answer.text();
}

let loads = 0; // of pages

async function open(browser, state, { width = 1440, height = 900, scheme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: "reduce", storageState: state });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  page.on("console", (m) => { if (m.type() === "error" && !/status of 4\d\d/.test(m.text())) problems.push(`${page.url()}: ${m.text()}`); });
  page.on("pageerror", (e) => problems.push(`${page.url()}: ${e}`));
  page.on("dialog", (d) => { problems.push("what was typed ran: " + d.message()); return d.dismiss(); });
  page.on("request", (r) => {
    if (new URL(r.url()).origin !== new URL(desk).origin && !r.url().startsWith("data:")) problems.push("loaded from elsewhere: " + r.url());
    if (r.isNavigationRequest() && r.redirectedFrom() === null) loads++;
  });
  return page;
}

// tabTo presses Tab until what has the focus matches.
async function tabTo(page, selector, text = "") {
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(([s, t]) => document.activeElement.matches(s) && document.activeElement.textContent.includes(t), [selector, text])) return;
  }
  assert.fail(`${selector} ${text} can't be reached by Tab on ${page.url()}:\n` + await page.locator("main").innerText());
}

async function press(page, key) { // what leads to another page
  await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
}

async function shows(page, ...words) {
  const text = await page.locator("main").innerText();
  for (const w of words) assert.match(text, w, page.url());
}

// task does something by keyboard alone, in at most three loads of pages.
async function task(name, page, start, most, doIt) {
  await page.goto(desk + start);
  loads = 0;
  try {
    await doIt();
    assert.ok(loads <= most, `${loads} loads of pages`);
    console.log(`${name}: ${loads} loads`);
  } catch (e) {
    problems.push(`${name}: ${e.message}`);
  }
}

async function searches(page, text) {
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search", "/ leads to the search box");
  await page.keyboard.type(text);
  await press(page, "Enter");
}

// looked visits a page in every width and both schemes.
async function looked(page, path, name) {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [360, 768, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      const answer = await page.goto(desk + path);
      if (!answer.ok()) problems.push(`${path}: ${answer.status()}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) problems.push(`${path} at ${width} px: ${over} px wider than the window`);
      if (screenshots) await page.screenshot({ path: `${screenshots}/${name}-${width}-${scheme}.png`, fullPage: true });
      if (width !== 768) await axe(page, `${path} at ${width} px, ${scheme}`);
    }
  }
}

async function axe(page, where) {
  await page.evaluate(axeSource).catch(() => page.addScriptTag({ content: axeSource }));
  const found = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations
    .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`));
  for (const f of found) problems.push(`axe, ${where}: ${f}`);
}

// firstOf is where a row of a page's table leads: the first, unless another is wanted.
async function firstOf(page, path, nth = 0, selector = "td.first a") {
  await page.goto(desk + path);
  const all = await page.locator(selector).evaluateAll((links) => links.map((a) => a.getAttribute("href")));
  return all[nth];
}

const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
try {
  if (screenshots) mkdirSync(screenshots, { recursive: true });
  const first = await open(browser);
  await first.goto(await enter());
  await tabTo(first, "main button");
  await press(first, "Enter");
  assert.match(first.url(), /\/demo/, "the link signs in");
  const state = await first.context().storageState();
  const page = await open(browser, state);

  await says("+31620008009", "KOOP 10 4821"); // the network's answer is lost
  await task("settle an unknown", page, "/demo/orders", 3, async () => {
    await tabTo(page, "td.first a"); // the newest
    await press(page, "Enter");
    await shows(page, /delivered or not\?/);
    await tabTo(page, "a[href*='/settle?']");
    await press(page, "Enter");
    await settles(page);
  });

  await task("goodwill, with the customer's text", page, "/demo/orders?status=delivered", 3, async () => {
    await tabTo(page, "td.first a");
    await press(page, "Enter");
    await tabTo(page, "a[href$='/goodwill']");
    await press(page, "Enter");
    await settles(page);
  });

  if (await hasSearch(page)) {
    await task("paid and got nothing, from a number as it is spoken", page, "/demo/orders", 3, async () => {
      await searches(page, "06 10 07 80 05");
      await tabTo(page, "a[href*='/orders/']");
      await press(page, "Enter");
      await shows(page, /held/, /Paid, not delivered/);
    });
    await task("unlock who has typed wrong codes of cards", page, "/demo/orders", 3, async () => {
      await searches(page, "06 20000001");
      await tabTo(page, "a[href$='/unlock-cards'], a[href$='/unlock']");
      await press(page, "Enter");
      await settles(page);
    });
  }

  const seen = new Set();
  const places = await page.goto(desk + "/demo/orders").then(() => page.locator("a.place").evaluateAll((all) => all.map((a) => a.getAttribute("href"))));
  for (const [name, path] of [
    ...places.filter((p) => p.startsWith("/")).map((p) => [p.replace(/\W+/g, "-"), p]),
    ["order", await firstOf(page, "/demo/orders")],
    ["goodwill", (await firstOf(page, "/demo/orders?status=delivered", 9)) + "/goodwill"],
    ["customer", await firstOf(page, "/demo/customers")],
    ["waiting-one", await firstOf(page, "/demo/waiting")],
  ]) {
    if (!path || path.startsWith("undefined") || seen.has(path)) continue;
    seen.add(path);
    await looked(page, path, name.replace(/^-/, ""));
  }
} catch (e) {
  problems.push(e.stack);
} finally {
  await browser.close();
  server.kill("SIGTERM");
  await ended;
}
if (/\b4821\b/.test(log)) problems.push("the log holds a PIN");
for (const p of new Set(problems)) console.error("- " + p);
process.exit(problems.length ? 1 : 0);

// settles fills the panel of an operation in, and has it done.
async function settles(page) {
  for (let i = 0; i < 3; i++) {
    const form = page.locator("section.confirm form");
    if (await form.count() === 0) return;
    const reads = await form.getAttribute("method");
    if (reads === "get" && await page.locator("section.confirm input[type=radio]").count()) {
      await tabTo(page, "section.confirm input[type=radio]");
      await page.keyboard.press("Space");
    }
    if (reads === "post") {
      await tabTo(page, "section.confirm [name=reason]");
      await page.keyboard.type("ticket 4711: the caller has asked");
    }
    await press(page, "Enter");
  }
  assert.equal(await page.locator("section.confirm form").count(), 0, "done: " + await page.locator("main").innerText());
}

async function hasSearch(page) {
  await page.goto(desk + "/demo/orders");
  return (await page.locator("#search").count()) > 0;
}
