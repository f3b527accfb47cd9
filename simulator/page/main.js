// Puts the parts together: loads the ledger, follows what happens, draws once a frame.
import * as api from "./api.js";
import { bindCall, drawCall } from "./call.js";
import { attempt, byId, make, toast } from "./dom.js";
import { drawMails } from "./mail.js";
import { clockOf, counterpart, isOver, liveCall, personOf, phones, state } from "./state.js";
import { drawThread } from "./thread.js";

const LIVE = { live: "live", lost: "connection lost, trying again…", waiting: "connecting…" };
let drawing = false;

function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawPhones();
    drawCall(); // first: it shows or hides the thread, which then finds its end
    drawThread();
    drawMails();
  });
}

function lastWords(entry) {
  if (!entry) return "nothing yet";
  if (entry.channel !== "voice") return entry.body || "(no text)";
  if (isOver(entry)) return "call";
  return entry.state === "in-progress" ? "in a call" : "ringing…";
}

function drawPhones() {
  const list = phones();
  const rows = list.map(([number, entry]) => {
    const item = make("li");
    const button = make("button", state.unread.has(number) ? "new" : "");
    if (liveCall(number)) button.classList.add("rings");
    button.type = "button";
    button.setAttribute("aria-current", String(number === state.phone));
    button.append(
      make("span", "number", number),
      make("time", "when", entry ? clockOf(entry.time) : ""),
      make("span", "last", lastWords(entry)),
    );
    button.addEventListener("click", () => choose(number));
    item.append(button);
    return item;
  });
  const focused = [...byId("phones").children].findIndex((item) => item.contains(document.activeElement));
  byId("phones").replaceChildren(...rows);
  if (focused >= 0) rows[focused]?.firstChild.focus();
  byId("phones-empty").hidden = rows.length > 0;
}

function choose(number) {
  state.phone = number;
  state.unread.delete(number);
  draw();
}

function take(entry) {
  const fresh = !state.entries.has(entry.id);
  state.entries.set(entry.id, entry);
  if (entry.channel === "email") {
    if (fresh && !state.mail) state.mail = entry.id;
  } else {
    const person = personOf(entry);
    const rings = entry.channel === "voice" && entry.state === "ringing" && !liveCall(state.phone);
    if (!state.phone || rings) choose(person);
    else if (fresh && person !== state.phone) state.unread.add(person);
  }
  draw();
}

async function reload() {
  const [numbers, gateways, entries] = await Promise.all([api.numbers(), api.phones(), api.ledger()]);
  state.numbers = [...numbers, ...gateways.map(({ number }) => ({ value: number }))];
  state.entries = new Map(entries.map((entry) => [entry.id, entry]));
  if (!state.phone) state.phone = phones()[0]?.[0] || "";
  if (!state.mail) state.mail = entries.filter((entry) => entry.channel === "email").at(-1)?.id || "";
  draw();
}

async function send(event) {
  event.preventDefault();
  const text = byId("text");
  const { number, channel } = counterpart(state.phone);
  if (!text.value.trim() || !number) return;
  const body = text.value;
  text.value = "";
  const result = await attempt(() => api.sendText(state.phone, number, body, channel));
  if (!result) text.value = body;
  else if (result.error) toast(`The service: ${result.error}`, true);
  else if (result.webhook_status === null) toast("Received; no webhook is configured.");
  else if (result.replies.length) toast("The service answered by TwiML.");
  else toast(`The service took it (HTTP ${result.webhook_status}) and did not answer.`);
}

function addPhone(event) {
  event.preventDefault();
  const field = byId("new-phone");
  const number = field.value.replace(/[^\d+]/g, "");
  if (!/^\+\d{6,15}$/.test(number)) {
    toast("A phone number begins with + and its country", true);
    return;
  }
  state.extra.add(number);
  field.value = "";
  choose(number);
}

function tick() {
  byId("clock").textContent = clockOf(Date.now());
}

bindCall();
byId("compose").addEventListener("submit", send);
byId("by").addEventListener("change", (event) => {
  state.by.set(state.phone, event.target.value);
  draw();
});
byId("add-phone").addEventListener("submit", addPhone);
byId("clear").addEventListener("click", () => attempt(api.clearLedger));
api.listen({
  onEntry: take,
  onReset: () => {
    state.entries.clear();
    state.mail = "";
    draw();
  },
  onState: (link) => {
    byId("link").dataset.state = link;
    byId("link").textContent = LIVE[link];
    if (link === "live") attempt(reload);
  },
});
tick();
setInterval(tick, 10000);
draw();
