// Some links swallow what is sent and say nothing: no question is waited for without an end.

/** How long an answer may take to begin. */
export const PATIENCE = 30_000
/** … and where much goes over the link first, or much is counted. */
export const LONG_PATIENCE = 10 * 60_000

/** `fetch` that fails when no answer has begun in time; one that has begun may take its own. */
export async function patiently(
  what: Request | string,
  { signal, ...init }: RequestInit = {},
  patience = PATIENCE,
): Promise<Response> {
  const silence = new AbortController()
  const end = () => silence.abort()
  const timer = setTimeout(end, patience)
  if (signal?.aborted) end()
  signal?.addEventListener('abort', end, { once: true })
  try {
    return await fetch(what, { ...init, signal: silence.signal })
  } finally {
    clearTimeout(timer)
  }
}
