// Everything the page asks of the simulator. Only relative URLs: the page may be behind a proxy.
async function request(method, path, document) {
  const options = { method, headers: {}, signal: AbortSignal.timeout(20000) };
  if (document !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(document);
  }
  const answer = await fetch(path, options);
  const text = await answer.text();
  const body = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Error(body?.error || body?.message || `HTTP ${answer.status}`);
  return body;
}

export const ledger = () => request("GET", "ledger?limit=1000");
export const numbers = () => request("GET", "numbers");
// The numbers of Android phones are the hospital's, too.
export const phones = () => request("GET", "phones");
export const clearLedger = () => request("DELETE", "ledger");
export function sendText(from, to, body, channel) {
  const [sender, number] = channel === "whatsapp" ? [`whatsapp:${from}`, `whatsapp:${to}`] : [from, to];
  return request("POST", "inbound/sms", { from: sender, to: number, body });
}
export const dial = (from, to) => request("POST", "inbound/calls", { from, to });
export const callDo = (sid, what, document = {}) => request("POST", `calls/${sid}/${what}`, document);

// Calls `onEntry` and `onReset` as things happen, and `onState` with "live" or "lost".
export function listen({ onEntry, onReset, onState }) {
  const source = new EventSource("events");
  source.addEventListener("open", () => onState("live"));
  source.addEventListener("error", () => onState("lost"));
  source.addEventListener("entry", (event) => onEntry(JSON.parse(event.data)));
  source.addEventListener("reset", () => onReset());
}
