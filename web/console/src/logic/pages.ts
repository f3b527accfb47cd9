// A very long list of which only the part on the screen is in memory. Its pages follow each other
// by cursor: where a page begins is known from the one before it, and stays known when that one is
// forgotten again.

import { type QueryKey, useQueries, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

export interface Slice<Item> {
  items: Item[]
  cursor?: string | null
}

export interface Known {
  /** Where each page begins; null is the beginning of the list. */
  starts: (string | null)[]
  /** How many rows the last page has; null while nobody has seen the end. */
  last: number | null
}

export const NOTHING_KNOWN: Known = { starts: [null], last: null }

/** Rows that stand for what is not known yet. */
const AHEAD = 4
/** Pages on either side of what is seen that are not forgotten. */
const KEPT = 4

/** What is known after a page was read; the same object when that says nothing new. */
export function learned(known: Known, page: number, length: number, next: string | null): Known {
  const { starts, last } = known
  if (next === null) {
    return starts.length === page + 1 && last === length ? known : { starts: starts.slice(0, page + 1), last: length }
  }
  if (starts[page + 1] === next) return known
  // Rows came or went before it: the pages behind find their places one by one, as they are read.
  const moved = starts.map((start, index) => (index === page + 1 ? next : start))
  return page + 1 < starts.length ? { ...known, starts: moved } : { starts: [...starts, next], last: null }
}

/** How many rows there are, as far as anybody knows. */
export const countOf = ({ starts, last }: Known, size: number): number => (starts.length - 1) * size + (last ?? AHEAD)

export interface Book {
  known: Known
  learn: (next: Known) => void
  /** Rows that a list has room for; the last few may still be on their way. */
  count: number
}

/** Begin to read a list of which the service gives `size` rows at a time. */
export function useBook(size: number): Book {
  const [known, learn] = useState(NOTHING_KNOWN)
  return { known, learn, count: countOf(known, size) }
}

export interface Open<Item> {
  /** A row that is here; undefined while it is on its way. */
  at: (index: number) => Item | undefined
  error: unknown
  again: () => void
}

interface Reading<Item> {
  book: Book
  size: number
  about: QueryKey
  ask: (cursor: string | null, signal: AbortSignal) => Promise<Slice<Item>>
  /** The first and the last row that is to be here. */
  first: number
  last: number
  /** What was read is not asked again by itself. */
  still?: boolean
}

/** Read the pages of these rows; what lies far from them is forgotten, and read again when needed. */
export function useOpenPages<Item>({ book, size, about, ask, first, last, still = false }: Reading<Item>): Open<Item> {
  const client = useQueryClient()
  const { starts } = book.known
  const from = Math.min(Math.floor(first / size), starts.length - 1)
  const to = Math.min(Math.floor(last / size), starts.length - 1)
  const open = starts.slice(from, to + 1)
  const results = useQueries({
    queries: open.map((start) => ({
      queryKey: [...about, start],
      queryFn: ({ signal }: { signal: AbortSignal }) => ask(start, signal),
      ...(still && { staleTime: 'static' as const }),
    })),
  })
  useForgetting(about, starts, from, to)

  let known = book.known
  results.forEach(({ data }, place) => {
    if (data) known = learned(known, from + place, data.items.length, data.cursor ?? null)
  })
  if (known !== book.known) book.learn(known) // while rendering: the list is as long as it is

  // No function below may name `results`: a page that is kept keeps what asked for it, that keeps
  // what its functions name here, and so each page would keep the ones before it for ever.
  const shown = results.map(({ data }) => data?.items)
  return {
    at: (index) => shown[Math.floor(index / size) - from]?.[index % size],
    error: results.find(({ error }) => error)?.error ?? null,
    again: () => void client.refetchQueries({ queryKey: about, type: 'active', predicate: hasFailed }),
  }
}

const hasFailed = ({ state }: { state: { status: string } }) => state.status === 'error'

function useForgetting(about: QueryKey, starts: (string | null)[], from: number, to: number) {
  const client = useQueryClient()
  useEffect(() => {
    const near = new Set(starts.slice(Math.max(0, from - KEPT), to + KEPT + 1))
    const cache = client.getQueryCache()
    for (const query of cache.findAll({ queryKey: about, type: 'inactive' })) {
      if (!near.has(query.queryKey.at(-1) as string | null)) cache.remove(query)
    }
  }, [client, about, starts, from, to])
}
