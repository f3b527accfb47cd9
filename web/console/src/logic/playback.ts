// One sound after the other, as a caller hears them; what nobody has recorded is shown for as long
// as it takes to say it.

import { readingTime } from './phrases'

export interface Said {
  kind: string
  text?: string | null
  recorded?: boolean
  seconds?: number | null
}

export interface Stage<One extends Said> {
  /** It is the turn of the one at this place. */
  show: (at: number) => void
  /** Play a recording to its end; rejects when it cannot be played, or when the signal says so. */
  play: (one: One, signal: AbortSignal) => Promise<void>
  wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
  failed: (at: number) => void
}

const A_MOMENT = 900

export const silenceOf = (one: Said): number =>
  one.kind === 'pause' ? Math.min(3, one.seconds ?? 1) * 1000 : one.text ? readingTime(one.text) : A_MOMENT

/** Ends when all was heard, or when the signal says so; never throws. */
export async function playAll<One extends Said>(
  all: readonly One[],
  stage: Stage<One>,
  signal: AbortSignal,
): Promise<void> {
  for (const [at, one] of all.entries()) {
    if (signal.aborted) return
    stage.show(at)
    try {
      if (one.recorded) await stage.play(one, signal)
      else await stage.wait(silenceOf(one), signal)
    } catch {
      if (signal.aborted) return
      stage.failed(at)
      await stage.wait(silenceOf(one), signal).catch(() => undefined)
    }
  }
}

export const waitFor = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    })
  })
