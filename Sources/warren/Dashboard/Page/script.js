"use strict";

const $ = (id) => document.getElementById(id);
const sections = ["login", "agents", "agent", "trace", "letters"];
const dash = "–";
let token = sessionStorage.getItem("token") ?? "";
let allowsActions = false;
let stream = new AbortController();

// Names, reasons and bodies are chosen by programs that may be hostile. All text goes into the page here, as text; control
// characters and direction marks are replaced.
const clean = (value) =>
  String(value).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "?");

function make(tag, content = [], attributes = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "click") element.addEventListener("click", value);
    else if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...[content].flat().map((part) => (part instanceof Node ? part : clean(part))));
  return element;
}

const fill = (element, ...content) => element.replaceChildren(...content.flat());
const hash = (page, values = {}) => {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();
  return `#/${page}` + (query && `?${query}`);
};
const say = (text, isBad = false) => {
  $("notice").textContent = clean(text);
  $("notice").className = isBad ? "bad" : "";
};

// Numbers and times.

const rate = (value) => (value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
function age(seconds) {
  if (seconds === undefined || seconds === null) return dash;
  const value = Math.max(0, Math.floor(seconds));
  if (value < 120) return `${value} s`;
  if (value < 7200) return `${Math.floor(value / 60)} min`;
  if (value < 172800) return `${Math.floor(value / 3600)} h`;
  return `${Math.floor(value / 86400)} d`;
}

// Asking the server. The token travels in a header that only this page sets, so no other page can ask in its name.

class Refused extends Error {}

async function ask(path, options = {}) {
  const headers = { Authorization: `Bearer ${token}` };
  if (options.body) headers["Content-Type"] = "application/json";
  const response = await fetch(`api/${path}`, { ...options, headers, cache: "no-store", credentials: "omit" });
  if (response.ok) return response;
  let message = `the server answered with ${response.status}`;
  try {
    message = (await response.json()).error.message;
  } catch {
    // It is not the dashboard that answered.
  }
  if (response.status !== 401) throw new Error(message);
  signOut(token ? message : "");
  throw new Refused(message);
}
const read = async (path) => (await ask(path)).json();
const act = async (path, body) => (await ask(path, { method: "POST", body: JSON.stringify(body) })).json();

const live = (state, text) => {
  $("live").dataset.state = state;
  $("live").textContent = clean(text);
};

// Follows server-sent events. One stream at a time; a new page ends the one before.
async function follow(path, show) {
  stream.abort();
  const own = (stream = new AbortController());
  while (!own.signal.aborted) {
    try {
      const response = await ask(`live/${path}`, { signal: own.signal });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
        let end;
        while ((end = text.indexOf("\n\n")) >= 0) {
          const data = text.slice(0, end).split("\n").find((line) => line.startsWith("data: "));
          text = text.slice(end + 2);
          if (!data || own.signal.aborted) continue;
          const view = JSON.parse(data.slice(6));
          if (view.error) live("lost", view.error.message);
          else {
            live("live", "live");
            show(view);
          }
        }
      }
      live("lost", "the stream ended; it is opened again");
    } catch (error) {
      if (own.signal.aborted || error instanceof Refused) return;
      live("lost", `${error.message}; it is tried again`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

// The totals, which every page has.

function showTotals(view) {
  $("namespace").textContent = clean(view.namespace);
  document.title = `warren ${clean(view.namespace)}`;
  allowsActions = view.allowsActions;
  $("mode").hidden = allowsActions;
  fill($("failures"), view.failures.map((text) => make("li", text)));
  const totals = view.totals;
  if (!totals) return;
  const figure = (name, value, tint) =>
    make("div", [make("dt", name), make("dd", value, { class: value && tint ? tint : undefined })]);
  fill(
    $("totals"),
    figure("agents", totals.agents),
    figure("processes", totals.processes),
    figure("waiting", totals.waiting),
    figure("in work", totals.inWork),
    figure("not served", totals.unserved, "bad"),
    figure("dead letters", totals.deadLetters, "caution"),
    figure("parked", totals.parked, "caution"),
    figure("users", totals.users)
  );
  $("dead").textContent =
    `${totals.deadLetters} dead letters wait for their answer; ${totals.deadLetterConsumers} processes answer them.`;
}

// Agents.

const columns = [
  ["name", "Name"], ["type", "Type"], ["waiting", "Waiting"], ["work", "In work"], ["in", "In/s"], ["out", "Out/s"],
  ["oldest", "Oldest"], ["consumers", "Consumers"],
];
let query = {};

function heads() {
  const order = query.order || "waiting";
  return columns.map(([key, title], number) => {
    // Texts begin with the first of the alphabet, numbers with the largest.
    const isUp = (number < 2) !== Boolean(query.reversed);
    const sort = key === order ? (isUp ? "ascending" : "descending") : "none";
    const click = () => go({ order: key, reversed: key === order && !query.reversed ? "1" : "", page: "" });
    return make("th", make("button", title, { type: "button", click, "data-order": key }), {
      "aria-sort": sort, scope: "col", class: number < 2 ? undefined : "number",
    });
  });
}

// Typing leaves no trail in the history.
const go = (changes, isTyped = false) => {
  const next = hash("agents", { ...query, ...changes });
  if (isTyped) location.replace(next);
  else location.hash = next;
};

function words(row) {
  if (row.state === "missing") return [["no queue", "bad"]];
  const list = [];
  if (row.sharing) list.push([row.sharing, "faint"]);
  if (row.waiting > 0 && row.consumers === 0) list.push(["not served", "bad"]);
  return list;
}

function cells(row) {
  const number = (value) => make("td", value, { class: "number" });
  const name = row.id
    ? make("a", row.name || row.id.slice(0, 8), { href: hash(`agents/${row.id}`) })
    : `${row.agents} agents`;
  return [
    make("td", [name, ...words(row).map(([word, tint]) => make("span", word, { class: `word ${tint}` }))]),
    make("td", row.type), number(row.waiting), number(row.inWork), number(rate(row.rateIn)), number(rate(row.rateOut)),
    number(age(row.oldestSeconds)), number(row.consumers),
  ];
}

function showAgents(view) {
  showTotals(view);
  const body = $("agents").querySelector("tbody");
  const focused = body.contains(document.activeElement) ? document.activeElement.closest("tr").dataset.key : undefined;
  fill(body, view.rows.map((row) => {
    const line = make("tr", cells(row));
    line.dataset.key = row.id ?? row.type;
    return line;
  }));
  // The link that had the focus is another element now.
  if (focused) [...body.rows].find((line) => line.dataset.key === focused)?.querySelector("a")?.focus({ preventScroll: true });
  $("place").textContent = `${view.matches} found, page ${view.page} of ${view.pages}`;
  $("previous").disabled = view.page <= 1;
  $("next").disabled = view.page >= view.pages;
  query.page = view.page > 1 ? String(view.page) : "";
}

// One agent.

const entity = (id) => `${id.role}:${id.name || id.uuid}`;

function actions(list, now, ends) {
  if (!list.length) return make("p", "none", { class: "faint" });
  const titles = ["Action", "Source", "Attempt", ...(ends ? ["Ended", "Error"] : ["For", "Left"]), "Tag"];
  const lines = list.map((item) => {
    const times = ends
      ? [`${age((now - item.ended) / 1000)} ago`, [item.code, item.errorType].filter(Boolean).join(" ") || dash]
      : [age((now - item.began) / 1000), item.deadline ? age((item.deadline - now) / 1000) : dash];
    return make("tr", [
      make("td", item.action), make("td", entity(item.source)), make("td", item.attempt),
      ...times.map((text) => make("td", text)),
      make("td", make("a", item.tag, { href: hash(`trace/${item.tag}`) }), { class: "tag" }),
    ]);
  });
  return make("div", table(titles, lines), { class: "wide" });
}

const table = (titles, lines) =>
  make("table", [make("thead", make("tr", titles.map((title) => make("th", title, { scope: "col" })))), make("tbody", lines)]);

function showAgent(view) {
  showTotals(view);
  const row = view.row;
  const name = row.name || row.id;
  const figure = (title, value) => make("div", [make("dt", title), make("dd", value)]);
  const parts = [
    make("h2", [name, ...words(row).map(([word, tint]) => make("span", word, { class: `word ${tint}` }))], { id: "agent-title" }),
    make("p", [make("span", row.id, { class: "id" }), " ", view.lineage.join(" › ")], { class: "faint" }),
    make("dl", [
      figure("waiting", row.waiting), figure("in work", row.inWork), figure("in/s", rate(row.rateIn)),
      figure("out/s", rate(row.rateOut)), figure("oldest", age(row.oldestSeconds)), figure("consumers", row.consumers),
    ], { class: "figures" }),
  ];
  if (view.activity) {
    const activity = view.activity;
    parts.push(
      make("h3", `Running: ${activity.runningCount}`), actions(activity.running, view.now, false),
      make("h3", "Last failures"), actions(activity.failures, view.now, true),
      make("h3", "Last ended"), actions(activity.finished, view.now, true)
    );
  }
  if (view.problem) parts.push(make("p", view.problem, { class: "caution" }));
  if (view.members) {
    const lines = view.members.map((member) =>
      make("tr", [member.process ?? dash, member.session, member.members, member.held].map((text) => make("td", text))));
    parts.push(make("h3", "Members"), table(["Process", "Session", "Members", "Held"], lines));
  }
  if (allowsActions) {
    const click = () => question({
      title: "Terminate this agent?",
      text: `The mailbox of ${name} (${row.id}) ends permanently. Its ${row.waiting} waiting requests are answered with an error.`,
      verb: "Terminate",
      perform: async () => {
        const answer = await act("agents/terminate", { id: row.id });
        parting = `${name}: ${answer.outcome}`;
        location.hash = hash("agents");
      },
    });
    parts.push(make("p", make("button", "Terminate …", { type: "button", class: "danger", id: "terminate", click })));
  }
  const focused = $("agent").contains(document.activeElement) ? document.activeElement : undefined;
  const place = focused?.id ? `#${focused.id}` : focused?.getAttribute("href") ? `[href="${focused.getAttribute("href")}"]` : "";
  fill($("agent"), parts);
  if (place) $("agent").querySelector(place)?.focus({ preventScroll: true });
}

// The way of a request.

async function showTrace(tag) {
  $("tag").value = tag;
  fill($("places"));
  if (!tag) return $("tag").focus();
  say("The agents are asked …");
  const report = await read(`trace/${encodeURIComponent(tag)}`);
  say("");
  const lines = report.places.map((place) => make("tr", [
    make("td", place.state),
    make("td", place.agent ? make("a", place.agent, { href: hash(`agents/${place.agent}`) }) : place.message ?? dash),
    make("td", place.request ? `${place.request.action} for ${entity(place.request.source)}, attempt ${place.request.attempt}` : place.reason),
    make("td", place.request ? new Date(place.request.ended ?? place.request.began).toISOString() : dash),
    make("td", place.request?.ended ? place.request.code ?? "ok" : dash),
  ]));
  const asked = `${report.answered} of ${report.asked} agents answered.`;
  fill(
    $("places"),
    lines.length
      ? table(["State", "Place", "Request", "Since", "Result"], lines)
      : make("p", "Found in no place: it waits in a mailbox, which the broker can't show, or ended before the actions that its agent remembers."),
    make("p", asked, { class: "faint" })
  );
}

// Dead and parked letters.

async function showLetters() {
  say("The parked letters are read …");
  const list = await read("parked");
  say("");
  const lines = list.messages.map((message) => make("tr", [
    make("td", make("button", message.id || "(no id)", { type: "button", class: "id", click: () => attempt(() => showLetter(message.id)) })),
    make("td", message.kind ?? dash), make("td", message.destination ?? dash), make("td", message.reason),
    make("td", message.bytes, { class: "number" }),
    ...(allowsActions && message.id ? [make("td", make("p", answers(message), { class: "answers" }))] : []),
  ]));
  const titles = ["Message", "Kind", "Destination", "Reason", "Bytes", ...(allowsActions ? [""] : [])];
  fill(
    $("parked"),
    lines.length ? make("div", table(titles, lines), { class: "wide" }) : make("p", "No letter is parked."),
    make("p", lines.length >= list.limit ? `The oldest ${list.limit} are shown.` : "", { class: "faint" })
  );
}

const answers = (message) => [
  make("button", "Replay …", { type: "button", click: () => question({
    title: "Send this letter again?",
    text: `${message.id}: ${message.reason}. Its parked copy is removed when the broker has the new one.`,
    verb: "Replay",
    hasTarget: true,
    perform: async (to) => {
      const answer = await act("parked/replay", to ? { id: message.id, to } : { id: message.id });
      await showLetters();
      say(`${answer.replayed} sent again`);
    },
  }) }),
  make("button", "Drop …", { type: "button", class: "danger", click: () => question({
    title: "Remove this letter permanently?",
    text: `${message.id}: ${message.reason}, ${message.bytes} bytes.`,
    verb: "Drop",
    perform: async () => {
      const answer = await act("parked/drop", { id: message.id });
      await showLetters();
      say(`${answer.dropped} dropped`);
    },
  }) }),
];

async function showLetter(id) {
  const message = await read(`parked/message?id=${encodeURIComponent(id)}`);
  const headers = Object.entries(message.headers ?? {}).sort().map(([name, value]) => make("tr", [make("td", name), make("td", value)]));
  fill(
    $("parked"),
    make("h3", message.id),
    make("p", `${message.reason}; ${message.contentType ?? "no content type"}, ${message.bytes} bytes${message.isCut ? ", the beginning" : ""}`),
    table(["Header", "Value"], headers),
    make("pre", message.text ?? message.base64 ?? "", { tabindex: "0" }),
    make("p", allowsActions && message.id ? answers(message) : [], { class: "answers" })
  );
}

// Failed requests that agents keep. Arguments and the texts of errors are shown for one request, not in the list.

async function showFailed() {
  const list = await read("failed");
  const lines = list.requests.map((request) => make("tr", [
    make("td", make("button", request.id || "(no id)", { type: "button", class: "id", click: () => attempt(() => showFailure(request.id)) })),
    make("td", request.failed ?? dash), make("td", request.destination ?? dash), make("td", request.action ?? dash),
    make("td", [request.code, request.type].filter(Boolean).join(" ") || dash), make("td", request.attempt ?? dash, { class: "number" }),
    ...(allowsActions && request.id ? [make("td", make("p", failedAnswers(request), { class: "answers" }))] : []),
  ]));
  const titles = ["Request", "Failed", "Agent", "Action", "Error", "Attempt", ...(allowsActions ? [""] : [])];
  fill(
    $("failed"),
    lines.length ? make("div", table(titles, lines), { class: "wide" }) : make("p", "No failed request is kept."),
    make("p", lines.length >= list.limit ? `The oldest ${list.limit} are shown.` : "", { class: "faint" })
  );
}

const failedAnswers = (request) => [
  make("button", "Replay …", { type: "button", click: () => question({
    title: "Send this request again?",
    text: `${request.id}: ${request.action ?? dash} of ${request.destination ?? dash}. It is a new request; the mailbox of its former requester gets the answer. This copy stays.`,
    verb: "Replay",
    perform: async () => {
      const answer = await act("failed/replay", { id: request.id });
      await showFailed();
      say(`${answer.sent} sent again`);
    },
  }) }),
  make("button", "Drop …", { type: "button", class: "danger", click: () => question({
    title: "Remove this request permanently?",
    text: `${request.id}: ${request.action ?? dash} of ${request.destination ?? dash}, ${request.bytes} bytes.`,
    verb: "Drop",
    perform: async () => {
      const answer = await act("failed/drop", { id: request.id });
      await showFailed();
      say(`${answer.dropped} dropped`);
    },
  }) }),
];

async function showFailure(id) {
  const request = await read(`failed/request?id=${encodeURIComponent(id)}`);
  const facts = [
    ["failed", request.failed], ["agent", request.destination], ["requester", request.source], ["action", request.action],
    ["attempt", request.attempt], ["tag", request.tag], ["error", [request.code, request.type].filter(Boolean).join(" ")],
    ["text", request.error],
  ].map(([name, value]) => make("tr", [make("td", name), make("td", value || dash)]));
  fill(
    $("failed"),
    make("h3", request.id),
    table(["Field", "Value"], facts),
    make("p", `Arguments: ${request.contentType ?? "no content type"}, ${request.bytes} bytes${request.isCut ? ", the beginning" : ""}`),
    make("pre", request.text ?? request.base64 ?? "", { tabindex: "0" }),
    make("p", allowsActions && request.id ? failedAnswers(request) : [], { class: "answers" })
  );
}

// The question before an action. Escape and Cancel end it; Cancel has the focus first.

let asked;
function question(next) {
  asked = next;
  $("question-title").textContent = clean(next.title);
  $("question-text").textContent = clean(next.text);
  $("question-target").hidden = !next.hasTarget;
  $("target").value = "";
  $("confirm").textContent = next.verb;
  $("question").showModal();
}
$("cancel").addEventListener("click", () => $("question").close());
$("confirm").addEventListener("click", () => {
  $("question").close();
  attempt(() => asked.perform($("target").value.trim()));
});

async function attempt(body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof Refused)) say(error.message, true);
  }
}

// Pages.

function show(section) {
  for (const id of sections) $(id).hidden = id !== section;
  for (const link of document.querySelectorAll("nav a")) {
    const isCurrent = link.hash === location.hash.split("?")[0] || link.hash === `#/${section}s`;
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function signOut(message) {
  token = "";
  sessionStorage.removeItem("token");
  stream.abort();
  live("", "");
  fill($("totals"));
  show("login");
  say(message, true);
  $("token").focus();
}

// A line that outlives the page on which it came up.
let parting = "";

function open() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page = "agents", id] = path.split("/");
  if (location.hash && !location.hash.startsWith("#/")) return;
  if (!token) return signOut("");
  say(parting);
  parting = "";
  if (page === "agents" && id) {
    show("agent");
    fill($("agent"), make("h2", "…", { id: "agent-title" }));
    follow(`agents/${encodeURIComponent(id)}`, showAgent);
  } else if (page === "trace") {
    show("trace");
    attempt(() => showTrace(id ?? ""));
    follow("totals", showTotals);
  } else if (page === "letters") {
    show("letters");
    fill($("parked"));
    fill($("failed"));
    follow("totals", showTotals);
    attempt(async () => {
      showTotals(await read("totals"));
      await showLetters();
      await showFailed();
    });
  } else {
    show("agents");
    query = Object.fromEntries(new URLSearchParams(search));
    if (document.activeElement !== $("search")) $("search").value = query.search ?? "";
    $("types").checked = Boolean(query.types);
    const focused = document.activeElement?.dataset?.order;
    fill($("agents").querySelector("thead tr"), heads());
    if (focused) $("agents").querySelector(`[data-order="${focused}"]`)?.focus();
    const values = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    follow(`agents?${values.join("&")}`, showAgents);
  }
}

let typing;
$("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => go({ search: $("search").value, page: "" }, true), 200);
});
$("types").addEventListener("change", () => go({ types: $("types").checked ? "1" : "", page: "" }));
$("previous").addEventListener("click", () => go({ page: String(Number(query.page || 1) - 1) }));
$("next").addEventListener("click", () => go({ page: String(Number(query.page || 1) + 1) }));
$("again").addEventListener("click", () => attempt(async () => {
  await showLetters();
  await showFailed();
}));
for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());
$("trace").querySelector("form").addEventListener("submit", () => {
  const next = hash(`trace/${encodeURIComponent($("tag").value.trim())}`);
  if (location.hash === next) open();
  else location.hash = next;
});
$("login").querySelector("form").addEventListener("submit", () => {
  token = $("token").value.trim();
  $("token").value = "";
  sessionStorage.setItem("token", token);
  open();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || $("question").open) return;
  const isTyping = event.target.matches("input");
  if (event.key === "Escape" && event.target === $("search")) {
    $("search").value = "";
    go({ search: "", page: "" });
  }
  if (isTyping || !token) return;
  const keys = {
    "/": () => {
      if (!$("agents").hidden) return $("search").focus();
      location.hash = hash("agents");
      setTimeout(() => $("search").focus());
    },
    n: () => $("agents").hidden || $("next").click(),
    p: () => $("agents").hidden || $("previous").click(),
    1: () => (location.hash = hash("agents")),
    2: () => (location.hash = hash("trace")),
    3: () => (location.hash = hash("letters")),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

// A hidden page keeps no stream.
document.addEventListener("visibilitychange", () => (document.hidden ? stream.abort() : open()));

// The token of an address is taken out of it, so that it is in no history.
function enter() {
  const given = location.hash.match(/^#token=([\x21-\x7e]+)$/);
  if (given) {
    token = given[1];
    sessionStorage.setItem("token", token);
    history.replaceState(null, "", hash("agents"));
  }
  open();
}
window.addEventListener("hashchange", enter);
enter();
