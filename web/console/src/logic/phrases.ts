// How far a language is, and whether words in braces are those of the phrase, as
// services/phrase/phrases.py (`check_words`) sees it: shown at every key, before the service is asked.

import type { Shape } from '../api/types'

type Coverage = Shape<'CoverageOut'>
type Phrase = Shape<'FlowPhrase'>

export interface Cell {
  state: 'on' | 'ready' | 'todo'
  tone: 'good' | 'busy' | 'warn' | 'calm'
  absent: number
  waiting: number
  rejected: number
}

/** One flow in one language at a glance. */
export function cellOf(one: Coverage): Cell {
  const counts = { absent: one.phrases - one.there, waiting: one.waiting, rejected: one.rejected }
  const todo = counts.waiting + counts.rejected > 0
  if (one.on) return { state: 'on', tone: 'good', ...counts }
  if (one.ready) return { state: 'ready', tone: 'busy', ...counts }
  return { state: 'todo', tone: todo ? 'warn' : 'calm', ...counts }
}

export interface BraceProblems {
  missing: string[]
  unknown: string[]
  broken: boolean
}

/** What is wrong with the words in braces; null when nothing is. Twice is as good as once. */
export function braceProblems(text: string, wanted: readonly string[]): BraceProblems | null {
  const single = text.replaceAll('{{', '').replaceAll('}}', '')
  const found = new Set([...single.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? ''))
  const broken = /[{}]/.test(single.replaceAll(/\{[^{}]*\}/g, ''))
  const missing = wanted.filter((name) => !found.has(name))
  const unknown = [...found].filter((name) => !wanted.includes(name))
  return broken || missing.length + unknown.length > 0 ? { missing, unknown, broken } : null
}

/** A phrase with its values filled in, as a patient gets it. */
export const filledIn = (text: string, samples: Record<string, string>): string =>
  text
    .split(/(\{\{|\}\}|\{[^{}]*\})/)
    .map((part) => {
      if (part === '{{' || part === '}}') return part.slice(1)
      return /^\{.*\}$/.test(part) ? (samples[part.slice(1, -1)] ?? part) : part
    })
    .join('')

export const isTodo = (phrase: Pick<Phrase, 'state'>): boolean =>
  phrase.state === 'missing' || phrase.state === 'waiting' || phrase.state === 'rejected'

/** The next phrase that this person may approve, after the one that is shown; around the corner. */
export function nextToApprove(phrases: readonly Phrase[], after: string, me: string): Phrase | undefined {
  const at = phrases.findIndex((one) => one.key === after)
  const round = [...phrases.slice(at + 1), ...phrases.slice(0, Math.max(at, 0))]
  return round.find((one) => one.state === 'waiting' && !one.words.own?.made_by.includes(me))
}

/** How the service writes a user down. */
export const actorOf = (user: number) => `user:${user}`

/** Milliseconds that somebody needs to read a text, or a voice to say it. */
export const readingTime = (text: string): number => Math.min(20_000, 1200 + text.length * 55)
