import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'

import type { Form } from '../form'
import { Faces, Stars } from '../parts/faces'
import { Frame, type FrameFacts, Title } from '../parts/frame'
import { Listen } from '../parts/listen'
import type { VoiceProps } from '../parts/voice'
import type { Room } from '../store'
import { type Draft, EMPTY, saysSomething, submit } from '../submit'

interface Props {
  frame: FrameFacts
  about: { form: Form; language: string; department: string; base: string }
  room: Room
  shown: boolean
  back: (() => void) | undefined
  done: (id: string) => void
}

export function Ask({ frame, about, room, shown, back, done }: Props) {
  const { words } = frame
  const [draft, setDraft] = useState<Draft>(EMPTY)
  const [trouble, setTrouble] = useState('')
  const [busy, setBusy] = useState(false)
  const [recording, setRecording] = useState(false)
  const change = (part: Partial<Draft>) => {
    setTrouble('')
    setDraft((now) => ({ ...now, ...part }))
  }

  const hear = (phrase: 'askTitle' | 'facesTitle' | 'starsTitle' | 'textTitle') => (
    <Listen words={words} phrase={phrase} text={words[phrase]} />
  )

  async function send(event: Event) {
    event.preventDefault()
    if (busy) return
    if (recording) return setTrouble(words.voiceFirst)
    if (!saysSomething(draft)) return setTrouble(words.nothing)
    setBusy(true)
    try {
      done(await submit(draft, about))
    } catch {
      setTrouble(words.notKept)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Frame facts={frame}>
      <form class="ask" onSubmit={send} autocomplete="off" noValidate>
        {back && (
          <button type="button" class="quiet" onClick={back}>
            ← {words.back}
          </button>
        )}
        <div class="lead">
          <Title focused={shown}>{words.askTitle}</Title>
          <p>{words.askLead}</p>
          {hear('askTitle')}
        </div>
        <Faces
          legend={words.facesTitle}
          hear={hear('facesTitle')}
          labels={words.faces}
          chosen={draft.face}
          choose={(face) => change({ face })}
        />
        <Stars
          legend={words.starsTitle}
          hear={hear('starsTitle')}
          labels={words.stars}
          chosen={draft.stars}
          choose={(stars) => change({ stars })}
        />
        <div class="choice">
          <label class="legend" for="text">
            {words.textTitle}
          </label>
          {hear('textTitle')}
          <p class="hint" id="text-hint">
            {words.textHint}
          </p>
          <textarea
            id="text"
            rows={4}
            maxLength={about.form.limits.content}
            aria-describedby="text-hint"
            autocomplete="off"
            spellcheck={false}
            value={draft.text}
            onInput={(event) => change({ text: event.currentTarget.value })}
          />
        </div>
        <VoiceChoice
          frame={frame}
          room={room}
          seconds={about.form.limits.voice_seconds}
          voice={draft.voice}
          shown={shown}
          change={(voice) => change({ voice })}
          recording={setRecording}
        />
        <p class="lock">
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3" />
          </svg>
          {words.lock}
        </p>
        <p class="trouble" role="alert">
          {trouble}
        </p>
        <button type="submit" class="send" aria-disabled={busy}>
          {busy ? words.sending : words.send}
        </button>
      </form>
    </Frame>
  )
}

interface ChoiceProps {
  frame: FrameFacts
  room: Room
  seconds: number
  voice: Blob | null
  shown: boolean
  change: (voice: Blob | null) => void
  recording: (running: boolean) => void
}

// The recorder comes in a piece of its own, when somebody wants it.
function VoiceChoice({ frame, room, ...given }: ChoiceProps) {
  const { words } = frame
  const [Voice, setVoice] = useState<ComponentType<VoiceProps>>()
  const [trouble, setTrouble] = useState('')
  const possible = 'MediaRecorder' in globalThis && !!navigator.mediaDevices
  useEffect(() => setTrouble(room === 'voice' ? '' : words.voiceNoRoom), [room, words])

  const load = () =>
    import('../parts/voice').then(
      (part) => setVoice(() => part.Voice),
      () => setTrouble(words.voiceNone),
    )

  return (
    <section class="choice voice" aria-labelledby="voice-title">
      <h2 class="legend" id="voice-title">
        {words.voiceTitle}
      </h2>
      <Listen words={words} phrase="voiceTitle" text={words.voiceTitle} />
      {!possible || trouble ? (
        <p class="hint">{possible ? trouble : words.voiceNone}</p>
      ) : (
        <>
          <p class="hint">{words.voiceHint}</p>
          {Voice ? (
            <Voice words={words} {...given} />
          ) : (
            <button type="button" class="record" onClick={load}>
              <i aria-hidden="true" />
              {words.voiceStart}
            </button>
          )}
        </>
      )}
    </section>
  )
}
