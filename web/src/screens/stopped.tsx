import { Title } from '../parts/frame'
import type { Words } from '../words'

export type Reason = keyof Words['stopped']

interface Props {
  words: Words
  reason: Reason
  again: () => void
}

export function Stopped({ words, reason, again }: Props) {
  return (
    <main class="alone">
      <section>
        <Title>{reason === 'storage' ? words.stoppedTitle : 'Careloop'}</Title>
        <p>{words.stopped[reason]}</p>
        <button type="button" class="send" onClick={again}>
          {words.tryAgain}
        </button>
      </section>
    </main>
  )
}
