// Errors in the reader's language. The service's own sentence is English: it is shown only to who
// reads English and where we have no words of our own.

import { ApiError, AwayError } from '../api/problem'
import { type Words, useWords } from '../i18n/words'

export function problemIn(words: Words, error: unknown): string {
  if (error instanceof AwayError) return words.problems.away
  if (!(error instanceof ApiError)) return words.problems.unknown
  const known: Record<string, string> = words.problems.byCode
  const own = known[error.code] ?? known[error.errors[0]?.code ?? '']
  if (own) return own
  if (error.changedMeanwhile) return words.problems.changedMeanwhile
  if (words.tag === 'en') return error.message
  const byStatus: Record<number, string> = words.problems.byStatus
  return byStatus[error.status] ?? words.problems.unknown
}

export function useProblem(): (error: unknown) => string {
  const words = useWords()
  return (error) => problemIn(words, error)
}

/** What is wrong with one field; null when the error is about another one, or there is none. */
export function useFieldProblem(error: unknown): (name: string) => string | null {
  const words = useWords()
  return (name) => (error instanceof ApiError && error.about(name) ? problemIn(words, error) : null)
}
