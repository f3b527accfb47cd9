// The second pane: e-mails to read.
import { byId, make } from "./dom.js";
import { clockOf, mails, state } from "./state.js";

const BAD = new Set(["bounce", "dropped", "deferred"]);

function row(mail, redraw) {
  const item = make("li");
  const button = make("button");
  button.type = "button";
  button.setAttribute("aria-current", String(mail.id === state.mail));
  const how = make("span", "state", mail.state);
  how.dataset.bad = String(BAD.has(mail.state));
  button.append(
    make("span", "subject", mail.extra.subject || "(no subject)"),
    make("time", "when", clockOf(mail.time)),
    make("span", "to", mail.to),
    how,
  );
  button.addEventListener("click", () => {
    state.mail = mail.id;
    redraw();
    byId("letter").focus();
  });
  item.append(button);
  return item;
}

function drawLetter(mail) {
  byId("letter").hidden = !mail;
  if (!mail) return;
  byId("letter-subject").textContent = mail.extra.subject || "(no subject)";
  const sender = mail.extra.from_name ? `${mail.extra.from_name} <${mail.from}>` : mail.from;
  const facts = [["From", sender], ["To", mail.to], ["By", mail.extra.provider === "smtp" ? "SMTP" : "SendGrid"], ["State", mail.state]];
  for (const [name, value] of Object.entries(mail.extra.custom_args)) facts.push([name, value]);
  if (mail.extra.attachments.length) facts.push(["Attached", mail.extra.attachments.join(", ")]);
  byId("letter-head").replaceChildren(
    ...facts.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]),
  );
  byId("letter-text").textContent = mail.body || mail.extra.html;
}

export function drawMails() {
  const list = mails();
  byId("mails").replaceChildren(...list.map((mail) => row(mail, drawMails)));
  byId("mails-empty").hidden = list.length > 0;
  drawLetter(list.find((mail) => mail.id === state.mail));
}
