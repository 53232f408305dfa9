// What the phone's page does beside htmx: late messages, the sum, and keeping the last message in view.
"use strict";

(() => {
  const chat = document.getElementById("chat");
  const text = document.getElementById("text");
  const link = document.getElementById("link");
  const settings = document.getElementById("settings");
  const sum = document.getElementById("sum");
  let unsent = ""; // what was being sent, until it has arrived
  let seen = chat.dataset.after;

  settings.open = settings.open || matchMedia("(min-width: 47.01rem)").matches;

  const money = (parts) => {
    let [whole, fraction] = (parts / 10000).toFixed(4).split(".");
    while (fraction.length > Number(sum.dataset.decimals) && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
    return sum.dataset.currency + " " + whole + (fraction && "." + fraction);
  };

  const count = () => {
    let segments = 0, cost = 0;
    const messages = chat.querySelectorAll(".msg:not(.pending)");
    for (const m of messages) {
      segments += Number(m.dataset.segments);
      cost += Number(m.dataset.cost);
    }
    if (messages.length === 0) return;
    sum.textContent = messages.length + (messages.length === 1 ? " message" : " messages") +
      (segments ? ", " + segments + (segments === 1 ? " segment, " : " segments, ") + money(cost) : "");
    document.getElementById("save").disabled = false;
  };

  const changed = () => {
    if (chat.querySelector(".msg, .problem")) document.getElementById("empty")?.remove();
    count();
    chat.scrollTop = chat.scrollHeight;
  };
  new MutationObserver(changed).observe(chat, {childList: true});

  const dropPending = () => chat.querySelectorAll(".pending").forEach((m) => m.remove());

  // Shows at once what is on its way; the server's own bubble takes its place.
  const showPending = (words) => {
    const message = document.createElement("div");
    message.className = "msg mine pending";
    message.setAttribute("aria-hidden", "true");
    const bubble = message.appendChild(document.createElement("div"));
    bubble.className = "bubble";
    const line = bubble.appendChild(document.createElement("p"));
    line.className = "text";
    line.textContent = words;
    chat.append(message);
  };

  document.body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id === "dial") showPending(document.getElementById("code").value);
    if (event.detail.elt.id !== "composer") return;
    if (text.value.trim() === "") {
      event.preventDefault();
      return;
    }
    unsent = text.value;
    text.value = "";
    showPending(unsent);
  });

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== chat) return;
    dropPending();
    if (event.detail.xhr.status !== 200) return;
    unsent = "";
    // What was offered before is not any more. htmx still needs the button that was tapped.
    chat.querySelectorAll(".choices").forEach((c) => { c.hidden = true; });
  });

  document.body.addEventListener("htmx:afterRequest", () => {
    dropPending();
    chat.querySelectorAll(".choices[hidden]").forEach((c) => c.remove());
    if (unsent && text.value === "") text.value = unsent; // not taken: it can be sent again
    unsent = "";
    text.focus();
  });

  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(name, () => {
      const problem = document.createElement("p");
      problem.className = "problem";
      problem.textContent = "Not sent: the server does not answer.";
      chat.append(problem);
    });
  }

  document.addEventListener("click", (event) => {
    const word = event.target.closest("[data-fill]");
    if (!word) return;
    text.value = word.dataset.fill;
    text.focus();
  });

  const listen = () => {
    const address = new URL(chat.dataset.news, location.href);
    address.searchParams.set("after", seen);
    const news = new EventSource(address);
    news.onopen = () => { link.textContent = ""; };
    news.onmessage = (event) => {
      seen = event.lastEventId;
      htmx.swap(chat, event.data, {swapStyle: "beforeend"});
    };
    news.onerror = () => {
      link.textContent = "No connection";
      if (news.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
    };
    addEventListener("pagehide", () => news.close(), {once: true});
  };
  if (chat.dataset.news) {
    listen();
    addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  }
})();
