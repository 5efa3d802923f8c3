// Operators, as `operators` names them.
import { createHash, randomBytes } from "node:crypto";

/** One of each role, and the value of the variable. */
export function operators() {
  const tokens = Object.fromEntries(["read", "approve", "lock"].map((role) => [role, randomBytes(32).toString("base64url")]));
  const hash = (token) => createHash("sha256").update(token).digest("hex");
  const variable = Object.entries(tokens).map(([role, token]) => `${role}-operator:${role}:${hash(token)}`).join(",");
  return { tokens, variable };
}

/** A call of an operator. */
export async function ops(base, token, path, body) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const answer = await fetch(`${base}/ops/${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`/ops/${path}: ${answer.status} ${text}`);
  return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
}

/** The outside scheduler. */
export function startTicks(base, token) {
  const timer = setInterval(() => {
    fetch(`${base}/ops/tick`, { method: "POST", headers: { Authorization: `Bearer ${token}` } }).catch(() => {});
  }, 1_000);
  timer.unref();
  return () => clearInterval(timer);
}
