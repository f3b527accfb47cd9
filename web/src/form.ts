// What the establishment says to its devices: kept here, so that the app works without a network.

import type { PublicKey } from './seal'
import { fact, note } from './store'
import type { Phrases } from './words'

export interface Form {
  establishment: { slug: string; name: string }
  languages: string[]
  faces: string[]
  limits: { content: number; voice_seconds: number; voice_bytes: number }
  key: PublicKey
}

export interface Known {
  cursor: string
  form: Form
  departments: { code: string; name: string }[]
  phrases?: Phrases
}

export type Failure = 'network' | 'unknown' | 'enrol'

// A tablet has a token of its own; a patient's phone may have that of the link that it came by.
export async function authorization(base: string): Promise<Record<string, string>> {
  const token = (await fact<string>('token')) || (await fact<string>(`link ${base}`))
  return token ? { Authorization: `Bearer ${token}` } : {}
}

// A link that was taken back is forgotten: perhaps this hospital listens to anybody.
export async function forgetLink(base: string): Promise<boolean> {
  if ((await fact('token')) || !(await fact(`link ${base}`))) return false
  await note(`link ${base}`, '')
  return true
}

export const remembered = (base: string): Promise<Known | undefined> => fact<Known>(`known ${base}`)

// Asks for what changed; what is known stays good when nobody answers.
export async function refreshed(base: string): Promise<Known | Failure> {
  const known = await remembered(base)
  let answer: Response
  try {
    answer = await fetch(`${base}/sync${known ? `?cursor=${known.cursor}` : ''}`, {
      headers: await authorization(base),
      signal: AbortSignal.timeout(30_000),
    })
    if (answer.status === 401 && (await forgetLink(base))) return refreshed(base)
    if (answer.status === 401 || answer.status === 403) return 'enrol'
    if (answer.status === 404) return known ?? 'unknown'
    if (!answer.ok) return known ?? 'network'
    const { cursor, sections } = await answer.json()
    const now: Known = { ...known, ...sections, cursor }
    if (cursor !== known?.cursor) await note(`known ${base}`, now)
    return now
  } catch {
    return known ?? 'network'
  }
}

// Swaps a code for this device's token. The same key on each try: a lost answer is given again.
export async function enrol(code: string): Promise<'done' | 'wrong' | 'later'> {
  const typed = code.toUpperCase().replace(/[^0-9A-Z]/g, '')
  try {
    const answer = await fetch('/api/v1/devices/enrol', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': `enrol-${typed}` },
      body: JSON.stringify({ code: typed }),
      signal: AbortSignal.timeout(30_000),
    })
    if (answer.status >= 500 || answer.status === 429) return 'later'
    if (!answer.ok) return 'wrong'
    await note('token', (await answer.json()).token)
    return 'done'
  } catch {
    return 'later'
  }
}

export interface Answered {
  client_id: string
  text?: string | null
}

// What the hospital answered to feedback of this device, by its identity. Asked for each time and
// kept nowhere. A tablet that staff enrolled is told that there is an answer, not what it says.
export async function answersTo(base: string, ids: string[]): Promise<Map<string, Answered>> {
  if (ids.length === 0) return new Map()
  try {
    const answer = await fetch(`${base}/sync/answers`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(await authorization(base)) },
      body: JSON.stringify({ client_ids: ids }),
      signal: AbortSignal.timeout(30_000),
    })
    const { answers } = answer.ok ? ((await answer.json()) as { answers: Answered[] }) : { answers: [] }
    return new Map(answers.map((one) => [one.client_id, one]))
  } catch {
    return new Map()
  }
}
