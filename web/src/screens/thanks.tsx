import type { Box } from '../drive'
import { Frame, type FrameFacts, Title } from '../parts/frame'
import { Listen } from '../parts/listen'

interface Props {
  frame: FrameFacts
  box: Box
  id: string
  again: () => void
}

export function Thanks({ frame, box, id, again }: Props) {
  const { words } = frame
  const waiting = box.waiting.find((item) => item.id === id)
  const arrived = box.arrived.some((one) => one.id === id)
  const news = waiting?.refused ? words.thanksRefused : arrived ? words.thanksArrived : words.thanksKept
  return (
    <Frame facts={frame}>
      <section class="thanks">
        <svg viewBox="0 0 64 64" class="seal" aria-hidden="true">
          <path d="M32 3 61 32 32 61 3 32zM32 12 52 32 32 52 12 32z" />
          <path class="tick" d="m23 32 7 7 12-14" />
        </svg>
        <Title>{words.thanksTitle}</Title>
        <Listen words={words} phrase="thanksTitle" text={words.thanksTitle} />
        <p role="status" class={arrived ? 'news there' : 'news'}>
          {news}
        </p>
        <button type="button" class="send" onClick={again}>
          {words.again}
        </button>
      </section>
    </Frame>
  )
}
