// When to send: at once, when the network comes back, when somebody looks, and after failures ever
// more rarely. A browser that has Background Sync also does it with the page closed.

import { useEffect, useState } from 'preact/hooks'

import type { Outcome } from './send'
import { type Arrived, type Item, amend, arrivals, changes, items } from './store'

const FIRST_WAIT = 4_000
const LONGEST_WAIT = 5 * 60_000

interface SyncManager {
  register(tag: string): Promise<void>
}

let failures = 0
let timer: ReturnType<typeof setTimeout> | undefined
let last: Outcome = 'done'

export const lastOutcome = (): Outcome => last

export async function drive(): Promise<void> {
  clearTimeout(timer)
  if ((await items()).every((item) => item.refused)) return
  try {
    const { sendAll } = await import('./send')
    last = await sendAll()
  } catch {
    last = 'later' // the code for it could not be loaded: no network yet
  }
  globalThis.dispatchEvent(new Event('careloop'))
  failures = last === 'done' ? 0 : failures + 1
  if (last === 'done') return
  const wait = Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT)
  timer = setTimeout(drive, wait * (0.75 + Math.random() / 2))
}

export function driveNow(): void {
  failures = 0
  void drive()
}

// Somebody asks for it: what was refused is tried once more, too.
export async function driveAll(): Promise<void> {
  for (const item of await items()) {
    if (item.refused) await amend(item.id, ({ refused: _, ...rest }) => rest)
  }
  driveNow()
}

export async function askForBackgroundSync(): Promise<void> {
  try {
    const registration = await navigator.serviceWorker?.getRegistration()
    const sync = registration && (registration as { sync?: SyncManager }).sync
    await sync?.register('send')
  } catch {
    // Not allowed here: the page sends by itself.
  }
}

export function startDriving(): void {
  addEventListener('online', driveNow)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && driveNow())
  driveNow()
}

export interface Box {
  waiting: Item[]
  arrived: Arrived[]
}

// What is waiting and what has arrived, as it changes, here or in the service worker.
export function useBox(): Box {
  const [box, setBox] = useState<Box>({ waiting: [], arrived: [] })
  useEffect(() => {
    let here = true
    const look = async () => {
      const now = { waiting: await items(), arrived: await arrivals() }
      if (here) setBox(now)
    }
    const listen = () => void look().catch(() => undefined)
    listen()
    changes.addEventListener('message', listen)
    addEventListener('careloop', listen)
    return () => {
      here = false
      changes.removeEventListener('message', listen)
      removeEventListener('careloop', listen)
    }
  }, [])
  return box
}
