// Sends what waits. The page and the service worker run the same code, one of them at a time.
// Whatever is cut: an item stays here until the server has said that it has it.

import Upload from 'tus-js-client/lib/upload.js'

import { authorization, forgetLink } from './form'
import { toBase64 } from './seal'
import { type Item, type Voice, amend, items, release } from './store'
import { FetchStack, SealedBytes } from './tus'

export type Outcome = 'done' | 'later' | 'full' | 'enrol' | 'busy'

const MOST_ITEMS = 50
const MOST_BYTES = 400_000
const ANSWER_SECONDS = 60
const PIECE = 64 * 1024

class Stop extends Error {
  constructor(readonly outcome: Outcome) {
    super(outcome)
  }
}

export async function sendAll(): Promise<Outcome> {
  return navigator.locks.request('careloop-send', { ifAvailable: true }, async (lock) => {
    if (!lock) return 'busy'
    let outcome: Outcome = 'done'
    try {
      await sendWords()
      for (const item of await items()) {
        if (!item.voice || !item.said || item.refused) continue
        const got = await sendVoice(item)
        if (got !== 'done') outcome = got
      }
    } catch (error) {
      return error instanceof Stop ? error.outcome : 'later'
    }
    return outcome
  })
}

async function sendWords(): Promise<void> {
  const waiting = (await items()).filter((item) => !item.said && !item.refused)
  for (const base of new Set(waiting.map((item) => item.base))) {
    for (const batch of batches(waiting.filter((item) => item.base === base))) {
      await sendBatch(base, batch)
    }
  }
}

function* batches(waiting: Item[]): Generator<Item[]> {
  let batch: Item[] = []
  let bytes = 0
  for (const item of waiting) {
    if (batch.length === MOST_ITEMS || (batch.length && bytes + item.sealed.byteLength > MOST_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += item.sealed.byteLength
  }
  if (batch.length) yield batch
}

interface Result {
  client_id: string
  status: string
  code?: string
}

async function sendBatch(base: string, batch: Item[]): Promise<void> {
  const sealed = batch.map((item) => ({
    type: 'sealed',
    client_id: item.id,
    key_id: item.keyId,
    sealed: toBase64(item.sealed),
  }))
  const { body, headers } = await packed(
    JSON.stringify({ sent_at: new Date().toISOString(), items: sealed }),
  )
  const answer = await fetch(`${base}/sync`, {
    method: 'POST',
    headers: { ...headers, ...(await authorization(base)), Prefer: 'return=minimal' },
    body,
    signal: AbortSignal.timeout(ANSWER_SECONDS * 1000),
  })
  if (answer.status === 401 && (await forgetLink(base))) return sendBatch(base, batch)
  if (!answer.ok) throw new Stop(reading(answer.status))
  const { results } = (await answer.json()) as { results: Result[] }
  const refused = new Map(results.map((result) => [result.client_id, result.code ?? result.status]))
  for (const item of batch) {
    const code = refused.get(item.id)
    if (code) await amend(item.id, (found) => ({ ...found, refused: code }))
    else if (item.voice) await amend(item.id, (found) => ({ ...found, said: true }))
    else await release(item.id, false)
  }
}

// Base64 of sealed bytes is a third longer than they are; gzip takes most of that back.
async function packed(text: string): Promise<{ body: BodyInit; headers: Record<string, string> }> {
  const headers = { 'Content-Type': 'application/json' }
  if (!('CompressionStream' in globalThis)) return { body: text, headers }
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  const body = await new Response(stream).arrayBuffer()
  return { body, headers: { ...headers, 'Content-Encoding': 'gzip' } }
}

function reading(status: number): Outcome {
  if (status === 401 || status === 403) return 'enrol'
  return status === 507 ? 'full' : 'later'
}

// Trying the same again will not help: kept, and shown to people.
const LASTING = new Set([400, 409, 413, 422])

interface UploadError {
  originalRequest?: { getMethod(): string } | null
  originalResponse?: { getStatus(): number } | null
}

async function sendVoice(item: Item): Promise<Outcome> {
  const error = await uploaded(item, item.voice!)
  if (!error) {
    await release(item.id, true)
    return 'done'
  }
  const status = error.originalResponse?.getStatus() ?? 0
  // Only a creation can be refused for good: a piece at the wrong offset is asked about next time.
  if (LASTING.has(status) && error.originalRequest?.getMethod() === 'POST') {
    await amend(item.id, (found) => ({ ...found, refused: `upload_${status}` }))
    return 'done'
  }
  return reading(status)
}

async function uploaded(item: Item, voice: Voice): Promise<UploadError | undefined> {
  const headers = await authorization(item.base)
  return new Promise((resolve) => {
    new Upload(voice.sealed, {
      ...Upload.defaultOptions,
      endpoint: `${location.origin}${item.base}/uploads`,
      uploadUrl: voice.url ?? null,
      metadata: { recording: voice.id, sealed: voice.keyId },
      headers,
      chunkSize: PIECE,
      retryDelays: null,
      httpStack: new FetchStack(ANSWER_SECONDS),
      fileReader: { openFile: async (bytes: ArrayBuffer) => new SealedBytes(bytes) },
      fingerprint: async () => null,
      onAfterResponse: async (request: Asked, response: Answered) => {
        const made = request.getMethod() === 'POST' && response.getHeader('Location')
        if (made) await amend(item.id, (found) => located(found, `${location.origin}${made}`))
      },
      onSuccess: () => resolve(undefined),
      onError: resolve,
    }).start()
  })
}

type Asked = { getMethod(): string }
type Answered = { getHeader(name: string): string | null }

const located = (item: Item, url: string): Item =>
  item.voice ? { ...item, voice: { ...item.voice, url } } : item
