import { useState } from 'preact/hooks'

import { enrol } from '../form'
import { Title } from '../parts/frame'
import type { Words } from '../words'

// A ward's tablet, at an establishment that does not take feedback from everybody.
export function Enrol({ words, done }: { words: Words; done: () => void }) {
  const [code, setCode] = useState('')
  const [trouble, setTrouble] = useState('')
  async function send(event: Event) {
    event.preventDefault()
    const outcome = await enrol(code)
    if (outcome === 'done') done()
    else setTrouble(outcome === 'wrong' ? words.enrolWrong : words.enrolLater)
  }
  return (
    <main class="alone">
      <form onSubmit={send} autocomplete="off" noValidate>
        <Title>{words.enrolTitle}</Title>
        <p>{words.enrolLead}</p>
        <label class="legend" for="code">
          {words.enrolLabel}
        </label>
        <input
          id="code"
          value={code}
          maxLength={20}
          autocapitalize="characters"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setCode(event.currentTarget.value)}
        />
        <p class="trouble" role="alert">
          {trouble}
        </p>
        <button type="submit" class="send">
          {words.enrolSend}
        </button>
      </form>
    </main>
  )
}
