// What happens elsewhere, as it happens: an event names what has changed, and what is on the screen
// of it is asked for again. Where no stream comes through, the same is done every few seconds.

import type { QueryClient } from '@tanstack/react-query'

import { createStore } from '../logic/store'
import { stream } from './client'

export const live = createStore(false)

export const POLL = 15_000
const AGAIN_AFTER = 5000
const SETTLE = 400
/** The service says every 15 seconds that it is still there: a stream that is silent for longer is
 * held back by something on the way. */
const SILENCE = 40_000
/** Which questions an event is about: the first words of their keys. */
const ABOUT: Record<string, string[]> = {
  reminder: ['reminders', 'today'],
  delivery: ['deliveries', 'reminders', 'today', 'campaigns', 'feedback/one'],
  feedback: ['feedback', 'today'],
  task: ['tasks', 'today'],
  campaign: ['campaigns', 'today'],
  department: ['departments', 'feedback'],
  phrase: ['phrases'],
}

/** Topics of a piece of an event stream (HTML standard, "Server-sent events"). */
export function topicsIn(block: string): string[] {
  const fields = block.split(/\r?\n/).map((line) => /^(\w+): ?(.*)$/.exec(line))
  return fields.flatMap((found) => (found?.[1] === 'event' ? [found[2] ?? ''] : []))
}

/** Follow the stream until the signal; never throws. */
export async function follow(client: QueryClient, signal: AbortSignal): Promise<void> {
  const poll = setInterval(() => {
    if (!live.get() && document.visibilityState === 'visible') void client.invalidateQueries()
  }, POLL)
  signal.addEventListener('abort', () => clearInterval(poll))
  const refresh = gathered(client)
  while (!signal.aborted) {
    await listen(signal, refresh).catch(() => undefined)
    // What ended may be the stream, or all of the service: the pages find out.
    if (live.get() && !signal.aborted) refresh('')
    live.set(false)
    await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER))
  }
}

async function listen(signal: AbortSignal, refresh: (topic: string) => void): Promise<void> {
  const headers = { Accept: 'text/event-stream' }
  const response = await stream(new Request(new URL('/api/v1/events', location.origin), { headers, signal }))
  if (!response.ok || !response.body) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (let rest = ''; ; ) {
    const { value, done } = await heard(reader)
    if (done) return
    if (!live.get()) {
      live.set(true)
      refresh('') // what happened before the stream began
    }
    const blocks = (rest + value).split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    for (const block of blocks) topicsIn(block).forEach(refresh)
  }
}

/** The next piece of a stream; one that stays silent is given up. */
async function heard(reader: ReadableStreamDefaultReader<string>) {
  const timer = setTimeout(() => void reader.cancel(), SILENCE)
  try {
    return await reader.read()
  } finally {
    clearTimeout(timer)
  }
}

/** Many events in a moment are one look. */
function gathered(client: QueryClient): (topic: string) => void {
  const waiting = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | null = null
  return (topic) => {
    // A kind that we do not know, or `everything`: look at all that is shown.
    for (const key of ABOUT[topic] ?? ['']) waiting.add(key)
    timer ??= setTimeout(() => {
      timer = null
      const keys = [...waiting]
      waiting.clear()
      if (keys.includes('')) void client.invalidateQueries()
      else for (const key of keys) void client.invalidateQueries({ queryKey: key.split('/') })
    }, SETTLE)
  }
}
