// Only what is on the screen is in the page: fifty thousand are as quick as fifty.

import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useEffect, useRef } from 'react'
import { Link } from 'wouter'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { useBook, useOpenPages } from '../../logic/pages'
import { Chip } from '../../ui/chip'
import { Icon, Stars } from '../../ui/icon'
import { Trouble } from '../../ui/notice'
import { Waiting } from '../../ui/page'
import { useDepartmentName } from './departments'

type Feedback = Shape<'FeedbackDetail'>

const PAGE = 50
const GUESSED_HEIGHT = 104
const AHEAD = 8

interface Props {
  /** What is asked for: another question is another list (give it another key). */
  question: Record<string, string>
  chosen: number | null
  search: string
  whenEmpty: ReactNode
}

export function FeedbackList({ question, chosen, search, whenEmpty }: Props) {
  const words = useWords()
  const list = useRef<HTMLUListElement>(null)
  const book = useBook(PAGE)
  // oxlint-disable-next-line react/incompatible-library -- what it returns is handed to nobody
  const virtual = useWindowVirtualizer({
    count: book.count,
    estimateSize: () => GUESSED_HEIGHT,
    overscan: AHEAD,
    scrollMargin: list.current?.offsetTop ?? 0,
  })
  const rows = virtual.getVirtualItems()
  const open = useOpenPages<Feedback>({
    book,
    size: PAGE,
    about: ['feedback', 'list', question],
    ask: (cursor, signal) =>
      got(api.GET('/api/v1/feedback', {
        params: { query: { ...question, limit: PAGE, ...(cursor && { cursor }) } as never },
        signal,
      })),
    first: rows[0]?.index ?? 0,
    last: rows.at(-1)?.index ?? 0,
  })
  const remember = usePlace(chosen)
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
              {item ? (
                <FeedbackRow feedback={item} here={item.id === chosen} search={search} onChoose={remember} />
              ) : (
                <span className="row to-come">
                  <span className="heard">{words.common.loading}</span>
                </span>
              )}
            </li>
          )
        })}
      </ul>
      {trouble}
    </>
  )
}

const NARROW = '(max-width: 1000px)'

/** Where there is room for one of them only, the list is found again where it was left. */
function usePlace(chosen: number | null): () => void {
  const place = useRef(0)
  useEffect(() => {
    if (matchMedia(NARROW).matches) scrollTo(0, chosen === null ? place.current : 0)
  }, [chosen])
  return () => {
    place.current = scrollY
  }
}

interface RowProps {
  feedback: Feedback
  here?: boolean
  search?: string
  onChoose?: () => void
}

export function FeedbackRow({ feedback, here, search = '', onChoose }: RowProps) {
  const words = useWords()
  const say = words.feedback
  const format = useFormat()
  const department = useDepartmentName()
  return (
    <Link
      href={`/feedback/${feedback.id}${search}`}
      className="row feedback-row"
      aria-current={here ? 'true' : undefined}
      onClick={onChoose}
    >
      <span className="feedback-top">
        <Opinion feedback={feedback} />
        <small className="soft">{format.near(feedback.date_submitted)}</small>
      </span>
      <span className="excerpt" dir="auto">
        {feedback.content ?? <em>{feedback.voice || feedback.voice_awaited ? say.voice : say.noWords}</em>}
      </span>
      <span className="feedback-foot soft">
        {(feedback.voice || feedback.voice_awaited) && feedback.content && <Icon name="voice" />}
        <small>{feedback.department ? department(feedback.department) : say.noDepartment}</small>
        {feedback.state !== 'open' && (
          <Chip tone={feedback.state === 'answered' ? 'good' : 'calm'}>{say.states[feedback.state]}</Chip>
        )}
      </span>
    </Link>
  )
}

/** Stars and face, as the patient gave them. */
export function Opinion({ feedback }: { feedback: Pick<Feedback, 'rating' | 'emoji'> }) {
  const words = useWords()
  return (
    <span className="opinion">
      {feedback.rating !== null && <Stars value={feedback.rating} label={words.feedback.stars(feedback.rating)} />}
      {feedback.emoji && <span className="face">{feedback.emoji}</span>}
    </span>
  )
}
