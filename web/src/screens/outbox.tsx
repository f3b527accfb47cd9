import { useEffect, useState } from 'preact/hooks'

import { type Box, driveAll, lastOutcome } from '../drive'
import { type Answered, answersTo } from '../form'
import { Frame, type FrameFacts, Title } from '../parts/frame'
import type { Item } from '../store'
import type { Words } from '../words'

interface Props {
  frame: FrameFacts
  box: Box
  base: string
  close: () => void
}

const when = (time: number, words: Words): string =>
  new Date(time).toLocaleString(words.tag === 'fr' ? 'fr-CM' : 'en-CM', {
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
  })

function standing(item: Item, words: Words): string {
  if (item.refused) return words.refused
  return item.said ? words.waitingVoice : words.waiting
}

// The hospital's answers, for as long as this page is open.
function useAnswers(base: string, box: Box): Map<string, Answered> {
  const [answers, setAnswers] = useState<Map<string, Answered>>(new Map())
  const ids = box.arrived.map((one) => one.id).join()
  useEffect(() => {
    let here = true
    void answersTo(base, ids ? ids.split(',') : []).then((found) => here && setAnswers(found))
    return () => {
      here = false
    }
  }, [base, ids])
  return answers
}

function Reply({ words, answer }: { words: Words; answer: Answered | undefined }) {
  if (!answer) return null
  if (!answer.text) return <p class="reply">{words.answeredElsewhere}</p>
  return (
    <div class="reply">
      <strong>{words.answered}</strong>
      <p>{answer.text}</p>
    </div>
  )
}

// Times, whether it went, and whether the hospital has answered: nothing else is known here.
export function Outbox({ frame, box, base, close }: Props) {
  const { words } = frame
  const answers = useAnswers(base, box)
  const waiting = [...box.waiting].sort((a, b) => b.made - a.made)
  return (
    <Frame facts={frame}>
      <section class="outbox">
        <Title>{words.outbox}</Title>
        <p class="hint">{words.outboxLead}</p>
        {waiting.length > 0 && lastOutcome() === 'full' && <p class="trouble">{words.full}</p>}
        {waiting.length + box.arrived.length === 0 && <p>{words.outboxEmpty}</p>}
        <ul class="letters">
          {waiting.map((item) => (
            <li key={item.id} class={item.refused ? 'bad' : 'waits'}>
              <time dateTime={new Date(item.made).toISOString()}>{when(item.made, words)}</time>
              <span>
                {standing(item, words)}
                {item.voice && `, ${words.withVoice}`}
              </span>
            </li>
          ))}
          {box.arrived.map((one) => (
            <li key={one.id} class="there">
              <time dateTime={new Date(one.at).toISOString()}>{when(one.at, words)}</time>
              <span>
                {words.arrived}
                {one.voice && `, ${words.withVoice}`}
              </span>
              <Reply words={words} answer={answers.get(one.id)} />
            </li>
          ))}
        </ul>
        {answers.size > 0 && <p class="hint">{words.answers}</p>}
        {waiting.length > 0 && (
          <button type="button" class="send" onClick={() => void driveAll()}>
            {words.sendNow}
          </button>
        )}
        <button type="button" class="plain wide" onClick={close}>
          {words.close}
        </button>
      </section>
    </Frame>
  )
}
