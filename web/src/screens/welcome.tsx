import { Face } from '../parts/faces'
import { Frame, type FrameFacts, Title } from '../parts/frame'
import { Listen } from '../parts/listen'
import type { Words } from '../words'

interface Props {
  frame: FrameFacts
  languages: { name: string; words: Words }[]
  choose: (name: string) => void
}

// In every language at once: nobody has chosen one yet.
export function Welcome({ frame, languages, choose }: Props) {
  return (
    <Frame facts={frame}>
      <section class="welcome">
        <div class="welcome-faces" aria-hidden="true">
          {[0, 1, 2, 3, 4].map((mood) => (
            <Face key={mood} mood={mood} />
          ))}
        </div>
        <Title>
          {languages.map(({ name, words }) => (
            <span key={name} lang={words.tag}>
              {words.askTitle}
            </span>
          ))}
        </Title>
        <ul class="languages">
          {languages.map(({ name, words }) => (
            <li key={name}>
              <button type="button" class="language" lang={words.tag} onClick={() => choose(name)}>
                <span>{words.name}</span>
                <svg viewBox="0 0 24 24" aria-hidden="true">
                  <path d="m9 5 7 7-7 7" />
                </svg>
              </button>
              <span lang={words.tag}>
                <Listen
                  words={words}
                  phrase={words.spoken.name ? 'name' : 'askTitle'}
                  text={words.spoken.name ? words.name : words.askTitle}
                />
              </span>
            </li>
          ))}
        </ul>
      </section>
    </Frame>
  )
}
