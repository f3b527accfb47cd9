import { type ReactNode, useEffect, useRef } from 'react'
import { Link } from 'wouter'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { Chip } from '../../ui/chip'
import { Icon, Stars } from '../../ui/icon'
import { LongList, PAGE } from '../../ui/long-list'
import { useDepartmentName } from './departments'

type Feedback = Shape<'FeedbackDetail'>

const HEIGHT = 104

interface Props {
  question: Record<string, string>
  chosen: number | null
  search: string
  whenEmpty: ReactNode
}

export function FeedbackList({ question, chosen, search, whenEmpty }: Props) {
  const remember = usePlace(chosen)
  return (
    <LongList<Feedback>
      about={['feedback', 'list', question]}
      ask={(cursor, signal) =>
        got(api.GET('/api/v1/feedback', {
          params: { query: { ...question, limit: PAGE, ...(cursor && { cursor }) } as never },
          signal,
        }))
      }
      whenEmpty={whenEmpty}
      height={HEIGHT}
    >
      {(item) => <FeedbackRow feedback={item} here={item.id === chosen} search={search} onChoose={remember} />}
    </LongList>
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
