// A list of any length: only what is on the screen is in the page and, but for a few pages around it,
// in memory. Fifty thousand rows are as quick as fifty.

import type { QueryKey } from '@tanstack/react-query'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useRef } from 'react'

import { useWords } from '../i18n/words'
import { type Slice, useBook, useOpenPages } from '../logic/pages'
import { Button } from './button'
import './long-list.css'
import { Trouble } from './notice'
import { Empty, Waiting } from './page'

export const PAGE = 50
const GUESSED_HEIGHT = 64
const AHEAD = 8

interface Props<Item> {
  /** Which list it is: the question's key, without the place in the list. */
  about: QueryKey
  /** Asks for the `PAGE` rows that begin at a cursor. */
  ask: (cursor: string | null, signal: AbortSignal) => Promise<Slice<Item>>
  whenEmpty: ReactNode
  children: (item: Item) => ReactNode
  /** How high a row is, as far as anybody knows before it is drawn. */
  height?: number
  /** What was read stays as it was read, whatever happens elsewhere. */
  still?: boolean
}

/** Another question is another list, read from its beginning. */
export const LongList = <Item,>(props: Props<Item>) => <Rows key={JSON.stringify(props.about)} {...props} />

function Rows<Item>({ about, ask, whenEmpty, children, height = GUESSED_HEIGHT, still = false }: Props<Item>) {
  const words = useWords()
  const list = useRef<HTMLUListElement>(null)
  const book = useBook(PAGE)
  // oxlint-disable-next-line react/incompatible-library -- what it returns is handed to nobody
  const virtual = useWindowVirtualizer({
    count: book.count,
    estimateSize: () => height,
    overscan: AHEAD,
    scrollMargin: list.current ? Math.round(list.current.getBoundingClientRect().top + scrollY) : 0,
  })
  const rows = virtual.getVirtualItems()
  const open = useOpenPages<Item>({
    book,
    size: PAGE,
    about,
    ask,
    still,
    first: rows[0]?.index ?? 0,
    last: rows.at(-1)?.index ?? 0,
  })
  if (book.count === 0) return whenEmpty
  const trouble = <Trouble error={open.error} again={open.again} />
  if (book.known.starts.length === 1 && book.known.last === null) return open.error ? trouble : <Waiting lines={7} />
  return (
    <>
      <ul className="rows virtual" ref={list} style={{ height: virtual.getTotalSize() }}>
        {rows.map((row) => {
          const item = open.at(row.index)
          return (
            <li
              key={row.key}
              ref={virtual.measureElement}
              data-index={row.index}
              aria-setsize={book.known.last === null ? -1 : book.count}
              aria-posinset={row.index + 1}
              style={{ transform: `translateY(${row.start - virtual.options.scrollMargin}px)` }}
            >
              {item === undefined ? (
                <span className="row to-come" style={{ minHeight: height }}>
                  <span className="heard">{words.common.loading}</span>
                </span>
              ) : (
                children(item)
              )}
            </li>
          )
        })}
      </ul>
      {trouble}
    </>
  )
}

interface NothingProps {
  filters: { any: boolean; clear: () => void }
  /** Said where the filters leave nothing. */
  filtered: string
  /** Shown where there is nothing at all. */
  none: ReactNode
}

/** Instead of a list without rows. */
export function Nothing({ filters, filtered, none }: NothingProps) {
  const words = useWords()
  if (!filters.any) return none
  return (
    <Empty title={filtered}>
      <Button onClick={filters.clear}>{words.common.clearFilters}</Button>
    </Empty>
  )
}
