"use strict";
// The desk's keys, and what says that a part of a page is stale. Every page works without it.
(() => {
  const off = () => { if (document.body.classList.contains("keys-off")) return true; try { return localStorage.getItem("keys") === "off"; } catch { return false; } };
  const $ = (s, in_ = document) => in_.querySelector(s);
  const typing = (e) => e.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")];
  let at = -1;
  let waitsForPlace = false;

  const move = (by) => {
    const all = rows();
    if (!all.length) return;
    all[at]?.classList.remove("at");
    at = Math.min(Math.max(at + by, 0), all.length - 1);
    all[at].classList.add("at");
    (all[at].querySelector(".first a") ?? all[at]).focus?.({ preventScroll: true });
    all[at].scrollIntoView({ block: "nearest" });
  };
  const toast = (text) => {
    const p = document.createElement("p");
    p.className = "toast";
    p.setAttribute("role", "status");
    p.textContent = text;
    document.body.append(p);
    setTimeout(() => p.remove(), 2500);
  };
  const copy = () => {
    const code = rows()[at]?.querySelector(".mono") ?? $("[data-copy]");
    const says = $("#keys")?.dataset.copied;
    if (code && navigator.clipboard) navigator.clipboard.writeText(code.textContent.trim()).then(() => toast(says));
  };
  const keys = {
    "/": () => $("#search")?.focus(),
    "?": () => $("#keys")?.showModal(),
    g: () => { waitsForPlace = true; setTimeout(() => { waitsForPlace = false; }, 1500); },
    j: () => move(1),
    k: () => move(-1),
    x: () => rows()[at]?.querySelector("input[type=checkbox]")?.click(),
    c: copy,
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "Escape") {
      document.querySelectorAll("details.adder[open], details.brands[open]").forEach((d) => { d.open = false; });
      if (typing(e)) e.target.blur();
      return;
    }
    if (typing(e) || off() || $("dialog[open]")) return;
    if (waitsForPlace) {
      waitsForPlace = false;
      const place = $(`[data-key="${CSS.escape(e.key)}"]`);
      if (place) { e.preventDefault(); place.click(); }
      return;
    }
    if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
  });

  document.addEventListener("click", (e) => {
    if (e.target.closest("[data-open-keys]")) { e.preventDefault(); $("#keys")?.showModal(); }
    if (e.target.closest("[data-close-keys]")) $("#keys")?.close();
  });
  const box = $("#keys-on");
  if (box) {
    box.checked = !off();
    box.addEventListener("change", () => { try { localStorage.setItem("keys", box.checked ? "on" : "off"); } catch { /* they stay as they are */ } });
  }
  $("#errors")?.focus();

  // An answer that is no such part, because the session ended or the server is away, leaves the part as it was, and says so.
  const stale = (e, on) => { const s = e.target.closest?.("[data-fresh]")?.querySelector("[data-stale]"); if (s) s.hidden = !on; };
  document.addEventListener("htmx:beforeSwap", (e) => {
    if (e.detail.xhr.status !== 200 || !e.detail.xhr.getResponseHeader("Pulsa-Part")) { e.detail.shouldSwap = false; stale(e, true); }
  });
  document.addEventListener("htmx:sendError", (e) => stale(e, true));
  document.addEventListener("htmx:timeout", (e) => stale(e, true));

  // Tick boxes tell the bar of the selection how many are chosen.
  const bar = $("[data-selection]");
  document.addEventListener("change", () => {
    const n = document.querySelectorAll("[data-row] input:checked").length;
    if (bar) { bar.hidden = n === 0; const out = $("output", bar); if (out) out.value = n; }
  });
})();
