// What the page knows: ledger entries by id, and which phone and mail are open.
const CALL_OVER = new Set(["completed", "busy", "failed", "no-answer", "canceled"]);

export const state = {
  entries: new Map(),
  numbers: [],
  phone: "",
  mail: "",
  extra: new Set(), // phones added by hand
  unread: new Set(),
  by: new Map(), // phone -> the channel chosen by hand for its next message
};

export const isOver = (call) => CALL_OVER.has(call.state);
export const isInbound = (entry) => entry.direction === "inbound";
// One phone has both, SMS and WhatsApp.
export const bare = (address) => address.replace(/^whatsapp:/, "");
export const personOf = (entry) => bare(isInbound(entry) ? entry.from : entry.to);
const oursOf = (entry) => bare(isInbound(entry) ? entry.to : entry.from);

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

// The hospital's number that this phone would answer: the last that wrote and can receive; and by
// which channel: as it was last written to, unless somebody chose another.
export function counterpart(phone) {
  const usable = state.numbers.filter((number) => number.value.startsWith("+"));
  const thread = threadOf(phone);
  const last = thread.map(oursOf).at(-1);
  if (last && !last.startsWith("+")) return { number: "", sender: last, channel: "sms", channels: [] };
  const found = usable.find((number) => number.value === last) || usable[0];
  const channels = found?.whatsapp ? ["sms", "whatsapp"] : ["sms"];
  const written = thread.filter((entry) => entry.channel !== "voice").at(-1)?.channel;
  const channel = [state.by.get(phone), written].find((one) => channels.includes(one)) || "sms";
  return { number: found ? found.value : "", sender: last || "", channel, channels };
}

// What was heard: an address of audio says nothing to the eye.
export const heard = (body) => body.replace(/^♪ https?:\S+$/gm, "♪ a recording");

export const clockOf = (iso) =>
  new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
