// Tries the phone in Chromium: node phone.mjs PULSA DATA [SCREENSHOT]. PULSA is the program, DATA an empty
// folder for it. It ends with 0 where all is well, and says what is not.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [pulsa, data, screenshot] = process.argv.slice(2);
const browserPath = process.env.PULSA_TEST_CHROMIUM || "/usr/bin/chromium";
const problems = [];

// freePort draws one that no outgoing connection takes while its server is down.
const freePort = () => new Promise((done) => {
  const port = 12000 + Math.floor(Math.random() * 18000);
  const server = createServer().once("error", () => done(freePort())).listen(port, "127.0.0.1", () => server.close(() => done(port)));
});

const port = await freePort();
const adminPort = await freePort();
const base = `http://localhost:${port}`;

// startServer returns when the server is ready.
async function startServer() {
  const server = spawn(pulsa, ["serve", "--data", data, "--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`]);
  server.log = "";
  server.stderr.on("data", (text) => { server.log += text; });
  server.stdout.resume(); // its welcome shows an example PIN
  server.ended = new Promise((done) => server.once("exit", done));
  for (let i = 0; i < 1200; i++) {
    try {
      if ((await fetch(base + "/readyz")).ok) return server;
    } catch { /* not yet */ }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("the server does not start:\n" + server.log);
}

async function stopServer(server) {
  const slow = setTimeout(() => problems.push("an open page keeps the server from stopping within a minute"), 60_000);
  server.kill("SIGTERM");
  await server.ended;
  clearTimeout(slow);
}

// open returns a page as a customer has it who has never been here.
async function open(browser, { width, height, scheme, query = "", path = "/" }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: "reduce" });
  context.setDefaultTimeout(90_000);
  const page = await context.newPage();
  page.expectErrors = false;
  page.on("console", (m) => {
    if (m.type() === "error" && !page.expectErrors) problems.push(`${width} px: ${m.text()}`);
  });
  page.on("pageerror", (e) => problems.push(`${width} px: ${e}`));
  page.on("dialog", (d) => { problems.push("what was typed ran: " + d.message()); return d.dismiss(); });
  page.on("request", (r) => { if (new URL(r.url()).origin !== base && !r.url().startsWith("data:")) problems.push("loaded from elsewhere: " + r.url()); });
  await page.goto(base + path + "?" + query);
  return page;
}

// says waits for the brand's last message to hold the text.
async function says(page, text) {
  await page.waitForFunction((wanted) => {
    const all = document.querySelectorAll("#chat .theirs .text");
    return all.length > 0 && all[all.length - 1].textContent.includes(wanted);
  }, text).catch(async () => assert.fail(`waited for "${text}", have:\n` + await page.locator("#chat").innerText()));
}

// text sends a message by keyboard alone.
async function text(page, words, reply) {
  await page.keyboard.type(words);
  await page.keyboard.press("Enter");
  await says(page, reply);
  assert.equal(await page.evaluate(() => document.activeElement.id), "text", "the message field keeps the focus");
}

async function isNotWider(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${page.viewportSize().width} px: wider than the window`);
}

async function fits(page) {
  await isNotWider(page);
  const box = await page.locator("#text").boundingBox();
  assert.ok(box.y + box.height <= page.viewportSize().height, `${page.viewportSize().width} px: the message field is below the fold`);
}

async function pay(page, open) {
  const [payment] = await Promise.all([page.context().waitForEvent("page"), open()]);
  await payment.locator("button").first().click();
  await payment.getByRole("status").waitFor();
  await payment.close();
  await page.bringToFront();
}

// tabTo presses Tab until what has the focus matches.
async function tabTo(page, selector, key = "Tab") {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press(key);
    if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return;
  }
  assert.fail(`${selector} can't be reached by ${key}`);
}

async function registerBuyAndSpend(browser, code) {
  const page = await open(browser, { width: 1440, height: 900, scheme: "light" });
  const number = new URL(page.url()).searchParams.get("number");
  await fits(page);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter"); // the skip link
  assert.equal(await page.evaluate(() => document.activeElement.id), "text");
  assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "solid", "the focus shows");
  await text(page, "KOOP", "What is your mobile number?");
  await text(page, number, "once more");
  await text(page, number, "Choose a PIN");
  await text(page, "4821", "PIN once more");
  await text(page, "4821", "How do you want to pay?");
  await text(page, "1", "set up your way to pay");
  await pay(page, async () => {
    await tabTo(page, ".theirs a", "Shift+Tab");
    await page.keyboard.press("Enter");
  });
  await says(page, "you are registered");
  await page.focus("#text");
  await text(page, "KOOP 10 4821", "€10 was added to " + number);
  const meta = await page.locator(".theirs .meta").last().innerText();
  assert.match(meta, /1 segment, EUR 0\.08$/);
  await text(page, "REDEEM " + code, "€10 was added to " + number);
  if (screenshot) await page.screenshot({ path: screenshot });
  await text(page, "REDEEM " + code, "You used that card");
  await story(page, number, code);
  return page;
}

async function story(page, number, code) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as story" }).click()]);
  const script = readFileSync(await download.path(), "utf8");
  assert.match(download.suggestedFilename(), /\.talk$/);
  for (const line of [`from: ${number}`, "> KOOP", "> [secret 4821]", "! customer completes payment setup", "> KOOP 10 [secret 4821]", `> REDEEM [secret ${code}]`]) {
    assert.ok(script.split("\n").includes(line), `the story lacks "${line}":\n${script}`);
  }
}

// goOnAfterRestart stops the server under an open page, and starts another on the same data.
async function goOnAfterRestart(page, server) {
  page.expectErrors = true; // Chromium notes each connection that is refused
  await stopServer(server);
  await page.focus("#text");
  await page.keyboard.type("STATUS");
  await page.keyboard.press("Enter");
  await page.getByText("Not sent: the server does not answer.").waitFor();
  assert.equal(await page.inputValue("#text"), "STATUS", "what was not sent can be sent again");
  const next = await startServer();
  await page.keyboard.press("Enter");
  await says(page, "was added to");
  await page.waitForFunction(() => document.getElementById("link").textContent === "");
  page.expectErrors = false;
  return next;
}

async function telegramInTheDark(browser) {
  const page = await open(browser, { width: 360, height: 740, scheme: "dark", query: "kind=telegram" });
  const number = new URL(page.url()).searchParams.get("number");
  await fits(page);
  const markup = "<img src=x onerror=alert(1)><script>alert(2)</script>";
  await page.focus("#text");
  await text(page, markup, "We did not understand");
  assert.equal(await page.locator(".mine .text").last().innerText(), markup, "what people type is shown as text");
  assert.equal(await page.locator("#chat img, #chat script").count(), 0);
  await text(page, "KOOP", "What is your mobile number?");
  assert.equal(await page.getByRole("button", { name: "Share my number" }).count(), 1);
  await text(page, number, "once more");
  await page.keyboard.type(number);
  await page.keyboard.press("Enter");
  await page.locator(".via").waitFor(); // the code comes to the number by SMS
  await text(page, "246810", "Choose a PIN");
  await text(page, "4821", "PIN once more");
  await text(page, "4821", "How do you want to pay?");
  assert.ok(!(await page.locator("#chat").innerText()).includes("4821"), "the bot deletes the PIN");
  await page.getByRole("button", { name: "SEPA direct debit" }).click();
  await says(page, "set up your way to pay");
  assert.equal(await page.locator(".choices").count(), 0, "buttons go when they have been used");
  await pay(page, () => page.locator(".theirs a").last().click());
  await says(page, "you are registered");
  await page.focus("#text");
  await text(page, "KOOP 10 4821", "€10 was added to " + number);
  await fits(page);
  const colours = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]);
  assert.deepEqual(colours, ["rgb(13, 18, 23)", "rgb(231, 236, 241)"], "dark where the browser wants it dark");
  await page.context().close();
}

// dialling tops up by USSD: the code is there, what follows is typed in its session, and after the end it is dialled anew.
async function dialling(browser, number) {
  const page = await open(browser, { width: 360, height: 740, scheme: "light", query: "kind=ussd&number=" + encodeURIComponent(number) });
  await fits(page);
  assert.equal(await page.inputValue("#code"), "*123#");
  await tabTo(page, "#dial button");
  await page.keyboard.press("Enter");
  await says(page, "what would you like?");
  await page.waitForFunction(() => document.activeElement.id === "text" && document.getElementById("session").value !== "");
  await text(page, "1", "How much");
  await text(page, "15", "your PIN");
  if (screenshot) await page.screenshot({ path: screenshot.replace(".png", "-ussd.png") });
  await text(page, "4821", "€15 was added to " + number);
  await page.fill("#code", "*123*1*20*4821#");
  await page.keyboard.press("Enter");
  await says(page, "€20 was added to " + number);
  await fits(page);
  await page.context().close();
}

async function settings(browser) {
  const page = await open(browser, { width: 360, height: 740, scheme: "light" });
  await tabTo(page, "summary");
  await page.keyboard.press("Enter");
  await tabTo(page, "[name=kind]");
  await page.keyboard.press("ArrowRight");
  await tabTo(page, "[name=language]");
  await page.keyboard.type("Ned");
  await tabTo(page, ".primary");
  await Promise.all([page.waitForURL(/kind=whatsapp/), page.keyboard.press("Enter")]);
  assert.match(page.url(), /language=nl/);
  await page.focus("#text");
  await text(page, "KOOP", "Welkom");
  await fits(page);
  await page.context().close();
}

// theAPI reads the developers' page, wide and narrow, light and dark, by keyboard.
async function theAPI(browser) {
  for (const [width, scheme, ink] of [[360, "light", "rgb(29, 36, 48)"], [360, "dark", "rgb(230, 234, 240)"], [1440, "light", "rgb(29, 36, 48)"], [1440, "dark", "rgb(230, 234, 240)"]]) {
    const page = await open(browser, { width, height: 740, scheme, path: "/docs" });
    await isNotWider(page);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).color), ink);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the API");
    await page.keyboard.press("Enter");
    const refusals = page.locator("#post-topups summary", { hasText: "refusals" });
    await refusals.focus();
    await page.keyboard.press("Enter");
    await page.locator("#post-topups").getByText("CUSTOM_IDENTIFIER_ALREADY_USED").waitFor();
    await page.locator("#post-topups").getByRole("link", { name: "TopupRequest" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#type-TopupRequest").getBoundingClientRect().top < innerHeight);
    await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
    await isNotWider(page);
    if (screenshot) await page.screenshot({ path: screenshot.replace(".png", `-api-${width}-${scheme}.png`) });
    await page.context().close();
  }
}

let server = await startServer();
let browser;
try {
  const card = execFileSync(pulsa, ["cards", "generate", "--data", data, "--brand", "demo", "--amount", "10", "--quantity", "1", "--series", "101"],
    { encoding: "utf8" });
  const [code] = card.match(/\b\d{14}\b/);
  // Chromium has no sandbox where it is run by root, as in a container.
  browser = await chromium.launch({ executablePath: browserPath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
  const page = await registerBuyAndSpend(browser, code);
  await dialling(browser, new URL(page.url()).searchParams.get("number"));
  await telegramInTheDark(browser);
  await settings(browser);
  await theAPI(browser);
  for (const secret of ["4821", code]) { // masked numbers and fractions of seconds may hold a PIN's digits
    const leak = server.log.split("\n").find((line) => new RegExp(`(?<![\\w.:*])${secret}(?!\\w)`).test(line));
    if (leak) problems.push("a secret is logged: " + leak);
  }
  server = await goOnAfterRestart(page, server);
} catch (error) {
  problems.push(error.stack);
} finally {
  await browser?.close();
  await stopServer(server);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
