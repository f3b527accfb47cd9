// The messages and past calls of one phone.
import { byId, make } from "./dom.js";
import { bare, clockOf, counterpart, heard, isInbound, isOver, state, threadOf } from "./state.js";

const MARKS = {
  accepted: ["○", "accepted"], queued: ["◷", "queued"], sending: ["◷", "sending"],
  sent: ["✓", "sent"], delivered: ["✓✓", "delivered", "ok"], read: ["✓✓", "read", "ok"],
  undelivered: ["✕", "undelivered", "bad"], failed: ["✕", "failed", "bad"],
  canceled: ["✕", "canceled", "bad"], received: ["↗", "received by the carrier"],
  // An Android phone's own words
  Pending: ["◷", "pending on the phone"], Processed: ["◷", "handed to the network"],
  Sent: ["✓", "sent"], Delivered: ["✓✓", "delivered", "ok"], Failed: ["✕", "failed", "bad"],
  Cancelled: ["✕", "cancelled", "bad"], Received: ["↗", "received by the phone"],
};
const CHANNELS = { sms: "SMS", whatsapp: "WhatsApp" };
const CALL_WORDS = {
  completed: "Call", busy: "Declined call", "no-answer": "Missed call",
  failed: "Failed call", canceled: "Cancelled call",
};
let shown = new Set();
let shownPhone = "";
let wasHidden = true;

function foot(entry) {
  const row = make("div", "foot");
  const segments = entry.extra.num_segments;
  if (segments > 1 && entry.channel === "sms") row.append(make("span", "", `${segments} SMS, ${entry.extra.encoding}`));
  row.append(make("time", "", clockOf(entry.time)));
  const [mark, word, tone = ""] = MARKS[entry.state] || ["·", entry.state];
  const why = entry.extra.error_code || entry.extra.reason;
  const code = why ? ` ${why}` : "";
  const showWord = tone === "bad" ? ` ${word}${code}` : "";
  const tick = make("span", tone, mark + showWord);
  tick.title = word + code;
  tick.setAttribute("aria-label", word + code);
  tick.setAttribute("role", "img");
  row.append(tick);
  return row;
}

function message(entry) {
  const bubble = make("div", isInbound(entry) ? "bubble own" : "bubble");
  const by = entry.channel === "whatsapp" ? make("span", "by-whatsapp", "WhatsApp") : null;
  if (!isInbound(entry)) {
    const carrier = entry.extra.automatic ? ", the carrier itself" : "";
    const gateway = entry.extra.gateway ? `, Android phone ${entry.extra.gateway}` : "";
    const sender = make("div", "sender", bare(entry.from) + carrier + gateway);
    if (by) sender.prepend(by);
    bubble.append(sender);
  } else if (by) {
    const sender = make("div", "sender");
    sender.append(by);
    bubble.append(sender);
  }
  bubble.append(make("div", "text", entry.body || "(no text)"), foot(entry));
  return bubble;
}

function call(entry) {
  const bubble = make("div", "bubble talk");
  const word = isInbound(entry) ? `${CALL_WORDS[entry.state]} to ${entry.to}` : `${CALL_WORDS[entry.state]} from ${entry.from}`;
  bubble.append(make("div", "sender", word));
  if (entry.body) bubble.append(make("div", "text", heard(entry.body)));
  for (const sid of entry.extra.recordings) {
    const audio = make("audio");
    audio.controls = true;
    audio.preload = "none";
    audio.src = `recordings/${sid}.wav`;
    bubble.append(audio);
  }
  const row = make("div", "foot");
  if (entry.extra.digits) row.append(make("span", "", `keys ${entry.extra.digits}`));
  if (entry.extra.duration !== null) row.append(make("span", "", `${entry.extra.duration} s`));
  if (entry.extra.error_code) row.append(make("span", "bad", `error ${entry.extra.error_code}`));
  row.append(make("time", "", clockOf(entry.time)));
  bubble.append(row);
  return bubble;
}

export function drawThread() {
  const thread = byId("thread");
  const entries = threadOf(state.phone).filter((entry) => entry.channel !== "voice" || isOver(entry));
  const nodes = entries.map((entry) => {
    const node = entry.channel === "voice" ? call(entry) : message(entry);
    if (!shown.has(entry.id)) node.classList.add("fresh");
    return node;
  });
  shown = new Set(entries.map((entry) => entry.id));
  if (nodes.length === 0) {
    const text = state.phone ? "Nothing has arrived here yet." : "Waiting for the first message…";
    nodes.push(make("p", "thread-empty", text));
  }
  const changed = shownPhone !== state.phone || wasHidden;
  shownPhone = state.phone;
  const atEnd = changed || thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60;
  thread.replaceChildren(...nodes);
  wasHidden = thread.hidden;
  if (atEnd || nodes.at(-1).classList.contains("fresh")) thread.scrollTop = thread.scrollHeight;
  drawCompose();
}

function drawCompose() {
  const { number, sender, channel, channels } = counterpart(state.phone);
  const able = Boolean(state.phone && number);
  const text = byId("text");
  text.disabled = !able;
  text.placeholder = able ? "Answer…" : sender ? `${sender} takes no answers` : "Answer…";
  byId("compose").querySelector("button").disabled = !able;
  byId("by").hidden = !able || channels.length < 2;
  byId("by").value = channel;
  byId("owner").textContent = state.phone || "No phone chosen";
  const by = channels.length > 1 ? ` by ${CHANNELS[channel]}` : "";
  byId("owner-note").textContent = !state.phone
    ? "Messages arrive here by themselves."
    : able ? `Answers go to ${number}${by}` : "Messages and calls";
}
