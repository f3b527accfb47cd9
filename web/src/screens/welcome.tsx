import { Face } from '../parts/faces'
import { Frame, type FrameFacts, Title } from '../parts/frame'
import { WORDS } from '../words'

interface Props {
  frame: FrameFacts
  names: string[]
  choose: (name: string) => void
}

// In every language at once: nobody has chosen one yet.
export function Welcome({ frame, names, choose }: Props) {
  return (
    <Frame facts={frame}>
      <section class="welcome">
        <div class="welcome-faces" aria-hidden="true">
          {[0, 1, 2, 3, 4].map((mood) => (
            <Face key={mood} mood={mood} />
          ))}
        </div>
        <Title>
          {names.map((name) => (
            <span key={name} lang={WORDS[name]!.tag}>
              {WORDS[name]!.askTitle}
            </span>
          ))}
        </Title>
        <ul class="languages">
          {names.map((name) => (
            <li key={name}>
              <button type="button" class="language" lang={WORDS[name]!.tag} onClick={() => choose(name)}>
                <span>{WORDS[name]!.name}</span>
                <svg viewBox="0 0 24 24" aria-hidden="true">
                  <path d="m9 5 7 7-7 7" />
                </svg>
              </button>
            </li>
          ))}
        </ul>
      </section>
    </Frame>
  )
}
