// The typed client. A request that the sign-in or the service fails on waits where that is safe
// and goes on by itself, so that whoever pressed a button need not press it again.

import createClient from 'openapi-fetch'

import { renewed, session, signedInAgain } from '../session/session'
import { LONG_PATIENCE, PATIENCE, patiently } from './patience'
import { AwayError, problemOf } from './problem'
import { back, lost } from './reach'
import type { paths } from './schema'

const CONSOLE_HEADER = 'X-Careloop-Console'
/** A page never writes into another establishment than the one that it shows. */
const SHOWN_HEADER = 'X-Careloop-Establishment'
const AWAY = new Set([502, 503, 504])

/** POSTs that only ask. */
const ASKING = /\/(preview|campaigns\/(file|audience|texts))$/

const repeatable = (request: Request) =>
  request.method === 'GET' ||
  request.headers.has('Idempotency-Key') ||
  ASKING.test(new URL(request.url).pathname)

async function once(request: Request, patience: number): Promise<Response> {
  try {
    return await patiently(request, { signal: request.signal }, patience)
  } catch (error) {
    if (request.signal.aborted) throw error
    return new Response(null, { status: 503 })
  }
}

function sayWhoAsks(request: Request) {
  request.headers.set(CONSOLE_HEADER, '1')
  const now = session.get()
  if ('me' in now) request.headers.set(SHOWN_HEADER, String(now.me.current.establishment_id))
}

/** A stream of events. Some proxies let none through: that one fails does not say that the service is
 * away, and nobody is asked to sign in for it. */
export async function stream(request: Request): Promise<Response> {
  sayWhoAsks(request)
  const response = await patiently(request, { signal: request.signal })
  if (response.status === 401) await renewed()
  return response
}

/** `fetch` with the session's cookies: waits for a new sign-in, and for a service that is away. */
export async function ask(request: Request, patience = patienceFor(request)): Promise<Response> {
  sayWhoAsks(request)
  for (;;) {
    const response = await once(request.clone(), patience)
    if (response.status === 401) {
      if (!(await renewedOr(repeatable(request), request.signal))) await signedInAgain(request.signal)
    } else if (AWAY.has(response.status)) {
      lost()
      if (!repeatable(request)) throw new AwayError()
      await back(request.signal)
    } else {
      return response
    }
  }
}

/** Renew the session; where the service is away just then, wait for it, if the request may. */
async function renewedOr(mayWait: boolean, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    try {
      return await renewed()
    } catch (error) {
      if (!mayWait || !(error instanceof AwayError)) throw error
      await back(signal)
    }
  }
}

const patienceFor = (request: Request) => (ASKING.test(new URL(request.url).pathname) ? LONG_PATIENCE : PATIENCE)

export const api = createClient<paths>({ baseUrl: location.origin, fetch: (request) => ask(request) })

api.use({
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response)
  },
})

/** What an answer holds; errors were thrown before. */
export async function got<Data>(answer: Promise<{ data?: Data }>): Promise<Data> {
  return (await answer).data as Data
}

/** A file that needs the session: its bytes, and the name that it is to have on a disk. */
export async function file(path: string, signal?: AbortSignal): Promise<{ blob: Blob; name: string }> {
  const response = await ask(new Request(new URL(path, location.origin), signal ? { signal } : {}), LONG_PATIENCE)
  if (!response.ok) throw await problemOf(response)
  const name = /filename="?([^";]+)/.exec(response.headers.get('Content-Disposition') ?? '')
  return { blob: await response.blob(), name: name?.[1] ?? path.split('/').pop() ?? 'file' }
}

/** Put a file onto the disk of whoever asked for it. */
export async function download(path: string): Promise<void> {
  const { blob, name } = await file(path)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** Send what is large: it may take as long as a thin line needs. */
export const sendLong = (request: Request) => ask(request, LONG_PATIENCE)

/** A key for one intention: however often it is sent, it happens once. */
export const newKey = () => crypto.randomUUID()
