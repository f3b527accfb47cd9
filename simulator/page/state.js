// What the page knows: ledger entries by id, and which phone and mail are open.
const CALL_OVER = new Set(["completed", "busy", "failed", "no-answer", "canceled"]);

export const state = {
  entries: new Map(),
  numbers: [],
  phone: "",
  mail: "",
  extra: new Set(), // phones added by hand
  unread: new Set(),
};

export const isOver = (call) => CALL_OVER.has(call.state);
export const isInbound = (entry) => entry.direction === "inbound";
export const personOf = (entry) => (isInbound(entry) ? entry.from : entry.to);

export function all() {
  return [...state.entries.values()].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

// Phones, the latest first, each with its newest entry.
export function phones() {
  const latest = new Map();
  for (const number of state.extra) latest.set(number, null);
  for (const entry of all()) {
    if (entry.channel === "email") continue;
    const person = personOf(entry);
    latest.delete(person);
    latest.set(person, entry);
  }
  return [...latest].reverse();
}

export const threadOf = (phone) =>
  all().filter((entry) => entry.channel !== "email" && personOf(entry) === phone);

export const mails = () => all().filter((entry) => entry.channel === "email").reverse();

export function liveCall(phone) {
  return threadOf(phone)
    .filter((entry) => entry.channel === "voice" && !isOver(entry) && entry.state !== "queued")
    .at(-1);
}

// The hospital's number that this phone would answer: the last that wrote and can receive.
export function counterpart(phone) {
  const usable = state.numbers.filter((number) => number.value.startsWith("+"));
  const last = threadOf(phone)
    .map((entry) => (isInbound(entry) ? entry.to : entry.from))
    .at(-1);
  if (last && !last.startsWith("+") && !last.startsWith("whatsapp:")) return { number: "", sender: last };
  const found = usable.find((number) => number.value === last) || usable[0];
  return { number: found ? found.value : "", sender: last || "" };
}

// What was heard: an address of audio says nothing to the eye.
export const heard = (body) => body.replace(/^♪ https?:\S+$/gm, "♪ a recording");

export const clockOf = (iso) =>
  new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
