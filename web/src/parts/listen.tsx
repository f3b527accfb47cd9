// A phrase, spoken by somebody of the hospital, for who would rather hear it. Its sound comes when it
// is asked for, with the piece that plays it.

import { useEffect, useState } from 'preact/hooks'

import type { Words } from '../words'

interface Props {
  words: Words
  phrase: string // its key: `askTitle`
  text: string // what is heard, in writing
}

const silence = () => void dispatchEvent(new Event('careloop-hush'))

export function Listen({ words, phrase, text }: Props) {
  const [state, setState] = useState<'quiet' | 'coming' | 'speaking' | 'failed'>('quiet')
  useEffect(() => silence, [])
  const address = words.spoken[phrase]
  if (!address) return null

  async function toggle() {
    if (state === 'coming' || state === 'speaking') return silence()
    setState('coming')
    try {
      const { speak } = await import('../speak')
      const heard = await speak(address!, () => setState('quiet'))
      setState(heard ? 'speaking' : 'quiet')
    } catch {
      setState('failed') // without a network, and not heard before: another touch tries again
    }
  }
  const speaking = state === 'speaking'
  return (
    <button
      type="button"
      class={`hear ${state}`}
      aria-label={`${speaking ? words.voicePause : words.voicePlay} : ${text}`}
      aria-busy={state === 'coming'}
      onClick={toggle}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={speaking ? 'M8 6v12M16 6v12' : 'M4 10v4h4l5 4V6L8 10zM16.500 9.500a4 4 0 0 1 0 5M19 7a8 8 0 0 1 0 10'} />
        {state === 'failed' && <path d="M3 21 21 3" />}
      </svg>
    </button>
  )
}
