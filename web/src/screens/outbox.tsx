import { type Box, driveAll, lastOutcome } from '../drive'
import { Frame, type FrameFacts, Title } from '../parts/frame'
import type { Item } from '../store'
import type { Words } from '../words'

interface Props {
  frame: FrameFacts
  box: Box
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

// Times and whether it went: nothing else is known here.
export function Outbox({ frame, box, close }: Props) {
  const { words } = frame
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
            </li>
          ))}
        </ul>
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
