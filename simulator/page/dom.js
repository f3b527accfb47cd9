// Small helpers. Text only ever goes in by textContent, so nothing sent can become markup.
export const byId = (id) => document.getElementById(id);

export function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== "") node.textContent = text;
  return node;
}

export function toast(text, bad = false) {
  const node = byId("toast");
  node.textContent = text;
  node.dataset.bad = String(bad);
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { node.textContent = ""; }, bad ? 9000 : 5000);
}

// Run what talks to the simulator, and say what went wrong.
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    toast(error.name === "TimeoutError" ? "No answer from the simulator" : error.message, true);
    return null;
  }
}
