// What the pages of phrases ask for, and how they name people.

import { useQuery, useQueryClient } from '@tanstack/react-query'

import { api, file, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { usePersonName } from '../../session/members'
import type { Me } from '../../session/session'

export type Coverage = Shape<'CoverageOut'>
export type Flow = Shape<'FlowOut'>
export type Phrase = Shape<'FlowPhrase'>
export type Own = Shape<'OwnWords'>

export const STATE_TONES = {
  shipped: 'calm',
  approved: 'good',
  waiting: 'warn',
  rejected: 'bad',
  missing: 'calm',
} as const

export const pathOf = (flow: string, language: string, key = '') =>
  `/phrases/${flow}/${language}${key ? `/${key.replaceAll('.', '-')}` : ''}`

/** An address with a dot would be a file's: dots stand as hyphens, of which no key has any. */
export const keyOf = (part: string): string => part.replaceAll('-', '.')

export const useFlow = (flow: string, language: string) =>
  useQuery({
    queryKey: ['phrases', 'flow', flow, language],
    queryFn: ({ signal }) =>
      got(api.GET('/api/v1/phrases/flows/{flow}/{language}', { params: { path: { flow, language } }, signal })),
  })

export const recordingPath = (key: string, language: string) =>
  `/api/v1/phrases/${encodeURIComponent(key)}/${language}/recording`

export const fetchRecording = async (key: string, language: string, signal?: AbortSignal) =>
  (await file(recordingPath(key, language), signal)).blob

/** After any change all that is shown of phrases is asked for again. */
export function useLookAgain() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['phrases'] })
}

/** A person's name, or what else wrote a phrase. */
export function useActorName(me: Me): (actor: string) => string {
  const say = useWords().phrases.actors
  const name = usePersonName(me)
  return (actor) => {
    const id = /^user:(\d+)$/.exec(actor)?.[1]
    if (id) return Number(id) === me.user.id ? say.me : name(Number(id))
    if (actor === 'cli') return say.cli
    return actor.startsWith('device:') ? say.device : say.unknown
  }
}

/** A language's name; what we have no name for is shown as it came. */
export function useLanguageName(): (language: string) => string {
  const names: Record<string, string> = useWords().common.patientLanguages
  return (language) => names[language] ?? language
}

/** The words of ours that a reader of the console understands, else the French ones. */
export const originalOf = (phrase: Pick<Phrase, 'originals'>, tag: string): string =>
  phrase.originals[tag]?.text ?? phrase.originals['fr']?.text ?? ''

/** For a header: the version that somebody has read. */
export const versionOf = (own: Own | null | undefined) => ({ 'If-Match': `"${own?.version ?? 0}"` })
