import type { ReactNode } from 'react'

export type Tone = 'good' | 'warn' | 'bad' | 'calm' | 'busy'

/** A state in a word; its colour only repeats what the word says. */
export const Chip = ({ tone = 'calm', children }: { tone?: Tone; children: ReactNode }) => (
  <span className={`chip ${tone}`}>{children}</span>
)

export const REMINDER_TONES: Record<string, Tone> = {
  scheduled: 'calm',
  active: 'busy',
  done: 'good',
  partly_failed: 'warn',
  failed: 'bad',
  expired: 'bad',
  cancelled: 'calm',
}

export const CAMPAIGN_TONES: Record<string, Tone> = {
  draft: 'calm',
  running: 'busy',
  paused: 'warn',
  done: 'good',
  cancelled: 'calm',
}

export const DELIVERY_TONES: Record<string, Tone> = {
  scheduled: 'calm',
  queued: 'busy',
  sending: 'busy',
  unknown: 'warn',
  sent: 'busy',
  delivered: 'good',
  undelivered: 'bad',
  failed: 'bad',
  expired: 'bad',
  cancelled: 'calm',
  suppressed: 'warn',
}
