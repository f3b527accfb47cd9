// The call under way: ringing, speech as it is spoken, keys, speaking.
import { callDo, dial } from "./api.js";
import { attempt, byId, make, toast } from "./dom.js";
import { counterpart, heard, isInbound, liveCall, state } from "./state.js";

const LETTERS = { 1: "", 2: "ABC", 3: "DEF", 4: "GHI", 5: "JKL", 6: "MNO", 7: "PQRS", 8: "TUV", 9: "WXYZ", "*": "", 0: "+", "#": "" };
const WORD_MS = 130;
let drawnCall = "";
let drawnLines = 0;
let speaking = "";

function words(line) {
  const paragraph = make("p");
  line.split(/(\s+)/).forEach((word, index) => {
    const span = make("span", "word", word);
    span.style.animationDelay = `${(index / 2) * WORD_MS}ms`;
    paragraph.append(span);
  });
  return paragraph;
}

function drawSpeech(call) {
  const speech = byId("speech");
  if (drawnCall !== call.id) {
    speech.replaceChildren();
    [drawnCall, drawnLines] = [call.id, 0];
  }
  const lines = call.body ? heard(call.body).split("\n") : [];
  for (const line of lines.slice(drawnLines)) speech.append(words(line));
  drawnLines = lines.length;
}

// What is asked for may shrink the speech; its last line stays in view.
function keepLastLine() {
  const speech = byId("speech");
  speech.scrollTop = speech.scrollHeight;
}

export function drawCall() {
  const call = liveCall(state.phone);
  const phone = byId("phone");
  byId("call").hidden = !call;
  byId("thread").hidden = Boolean(call);
  byId("compose").hidden = Boolean(call);
  phone.dataset.mode = "";
  phone.dataset.wants = "";
  if (!call) return;
  const ringing = call.state === "ringing" && !isInbound(call);
  const wants = call.extra.waiting_for;
  phone.dataset.mode = ringing ? "ringing" : "talking";
  phone.dataset.wants = wants;
  byId("call-state").textContent = ringing
    ? "Incoming call"
    : { digits: "Press a key", recording: "Recording", speech: "Speak or press a key" }[wants] || "In call";
  byId("call-from").textContent = isInbound(call) ? call.to : call.from;
  byId("ring-buttons").hidden = !ringing;
  const speaks = wants === "recording" || wants === "speech";
  byId("speak").hidden = !speaks;
  byId("talk-buttons").hidden = ringing || speaks; // the red key still hangs up
  byId("keyed").hidden = !call.extra.digits;
  byId("keyed").textContent = `Keys ${call.extra.digits}`;
  drawSpeech(call);
  keepLastLine();
}

function act(what, document) {
  const call = liveCall(state.phone);
  if (call) attempt(() => callDo(call.id, what, document));
  return Boolean(call);
}

export function press(key) {
  const button = byId("keypad").querySelector(`[data-key="${CSS.escape(key)}"]`);
  button?.classList.add("pressed");
  setTimeout(() => button?.classList.remove("pressed"), 140);
  if (act("digits", { digits: key })) return;
  const text = byId("text");
  if (!text.disabled) text.value += key;
}

async function green() {
  const call = liveCall(state.phone);
  if (call) {
    if (call.state === "ringing" && !isInbound(call)) act("answer");
    return;
  }
  const { number } = counterpart(state.phone);
  if (!state.phone || !number) return toast("Choose a phone first", true);
  if (await attempt(() => dial(state.phone, number))) toast(`Calling ${number}…`);
}

function red() {
  const call = liveCall(state.phone);
  if (!call) byId("text").value = "";
  else act(call.state === "ringing" && !isInbound(call) ? "decline" : "hangup");
}

function bindSpeaking() {
  const text = byId("speak-text");
  text.addEventListener("input", () => {
    const call = liveCall(state.phone);
    if (!call || speaking === call.id + call.extra.recordings.length) return;
    speaking = call.id + call.extra.recordings.length; // once: keeps the line from going silent
    act("speak", { start: true });
  });
  byId("speak").addEventListener("submit", (event) => {
    event.preventDefault();
    if (text.value.trim()) act("speak", { text: text.value });
    text.value = "";
  });
  byId("tone").addEventListener("click", () => act("speak", { text: "", seconds: 3 }));
  byId("silence").addEventListener("click", () => act("speak", { text: "", seconds: 0 }));
}

export function bindCall() {
  for (const [key, letters] of Object.entries(LETTERS).sort(([a], [b]) => "123456789*0#".indexOf(a) - "123456789*0#".indexOf(b))) {
    const button = make("button", "", key);
    button.type = "button";
    button.dataset.key = key;
    button.append(make("small", "", letters));
    button.addEventListener("click", () => press(key));
    byId("keypad").append(button);
  }
  for (const button of document.querySelectorAll("[data-call]")) {
    button.addEventListener("click", () => act(button.dataset.call));
  }
  byId("key-go").addEventListener("click", green);
  byId("key-stop").addEventListener("click", red);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if ("0123456789*#".includes(event.key) && liveCall(state.phone)) press(event.key);
  });
  bindSpeaking();
}
