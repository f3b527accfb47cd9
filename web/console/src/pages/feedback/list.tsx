// Only what is on the screen is in the page: fifty thousand are as quick as fifty.

import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import { Link } from 'wouter'

import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { Chip } from '../../ui/chip'
import { Icon, Stars } from '../../ui/icon'
import { useDepartmentName } from './departments'

type Feedback = Shape<'FeedbackDetail'>

const GUESSED_HEIGHT = 104
const AHEAD = 8

interface Props {
  items: Feedback[]
  chosen: number | null
  search: string
  more: boolean
  onMore: () => void
}

export function FeedbackList({ items, chosen, search, more, onMore }: Props) {
  const list = useRef<HTMLUListElement>(null)
  const virtual = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => GUESSED_HEIGHT,
    overscan: AHEAD,
    scrollMargin: list.current?.offsetTop ?? 0,
    getItemKey: (index) => items[index]?.id ?? index,
  })
  const rows = virtual.getVirtualItems()
  const last = rows.at(-1)?.index ?? 0
  useEffect(() => {
    if (more && last >= items.length - AHEAD) onMore()
  }, [more, last, items.length, onMore])
  return (
    <ul className="rows virtual" ref={list} style={{ height: virtual.getTotalSize() }}>
      {rows.map((row) => {
        const item = items[row.index]
        return (
          item && (
            <li
              key={row.key}
              ref={virtual.measureElement}
              data-index={row.index}
              aria-setsize={more ? -1 : items.length}
              aria-posinset={row.index + 1}
              style={{ transform: `translateY(${row.start - virtual.options.scrollMargin}px)` }}
            >
              <FeedbackRow feedback={item} here={item.id === chosen} search={search} />
            </li>
          )
        )
      })}
    </ul>
  )
}

interface RowProps {
  feedback: Feedback
  here?: boolean
  search?: string
}

export function FeedbackRow({ feedback, here, search = '' }: RowProps) {
  const words = useWords()
  const say = words.feedback
  const format = useFormat()
  const department = useDepartmentName()
  return (
    <Link href={`/feedback/${feedback.id}${search}`} className="row feedback-row" aria-current={here ? 'true' : undefined}>
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
