// Whether the service answers. While it does not, it is asked every few seconds; who waits for it
// goes on by itself when it is back.

import { createStore, until } from '../logic/store'
import { patiently } from './patience'

export const away = createStore(false)

const FIRST_WAIT = 2000
const LONGEST_WAIT = 15_000
let asking = false

export function lost() {
  away.set(true)
  if (!asking) void ask()
}

async function ask() {
  asking = true
  for (let wait = FIRST_WAIT; away.get(); wait = Math.min(wait * 1.5, LONGEST_WAIT)) {
    await sleep(wait)
    const answer = await patiently('/health/ready', { cache: 'no-store' }, LONGEST_WAIT).catch(() => null)
    if (answer?.ok) away.set(false)
  }
  asking = false
}

let wake: (() => void) | null = null

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    wake = () => {
      clearTimeout(timer)
      resolve()
    }
  })
}

/** The browser says that there is a network again, or somebody asks: no need to wait longer. */
export const askNow = () => wake?.()

export const back = (signal?: AbortSignal) => until(away, (value) => !value, signal)

addEventListener('online', askNow)
