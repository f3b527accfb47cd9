import type { Box } from '../drive'
import { Face } from '../parts/faces'
import { Frame, type FrameFacts, Title } from '../parts/frame'

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
        <Face mood={4} />
        <Title>{words.thanksTitle}</Title>
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
