// How a phrase sounds: heard, recorded here, sent as a file, or spoken in by phone.

import { useMutation } from '@tanstack/react-query'
import { type ChangeEvent, useEffect, useRef, useState } from 'react'

import { api, got, newKey } from '../../api/client'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { useDraft } from '../../logic/drafts'
import { base64, look, problemWith, type Sound, toSend } from '../../logic/sound'
import { may } from '../../session/session'
import { Button } from '../../ui/button'
import { Dialog } from '../../ui/dialog'
import { Notice, say as sayBriefly, Trouble } from '../../ui/notice'
import { Player, soundOf } from '../../ui/player'
import type { PartProps } from './editor'
import { fetchRecording, useLookAgain, versionOf } from './parts'
import { Recorder } from './recorder'

/** What somebody has made and not kept yet: it survives another page, and is gone with the tab. */
interface Made {
  sound: Sound | null
}

const NOTHING: Made = { sound: null }

export function PhraseVoice({ flow, phrase, me }: PartProps) {
  const words = useWords()
  const say = words.phrases
  const own = phrase.words.own
  const made = useDraft(`phrases/${phrase.key}/${flow.language}/voice`, NOTHING)
  const hint = phrase.key.startsWith('phone.')
    ? flow.needs === 'recording'
      ? say.recordingNeeded
      : say.recordingVoice
    : say.recordingApp
  return (
    <section className="phrase-voice" aria-labelledby="recording">
      <h3 id="recording">{say.recording}</h3>
      <p className="hint">{hint}</p>
      {own?.has_recording ? (
        <Recorded key={own.version} name={phrase.key} language={flow.language} />
      ) : (
        <p className="soft">{say.recordingNone}</p>
      )}
      {may(me, 'staff') &&
        (made.value.sound ? (
          <Keep flow={flow} phrase={phrase} me={me} sound={made.value.sound} onDone={made.clear} />
        ) : (
          <Make flow={flow} phrase={phrase} me={me} onMade={(sound) => made.change({ sound })} />
        ))}
    </section>
  )
}

function Recorded({ name, language }: { name: string; language: string }) {
  const say = useWords().feedback.player
  const load = useMutation({ mutationFn: async () => soundOf(await fetchRecording(name, language)) })
  const sound = load.data
  useEffect(() => () => (sound ? URL.revokeObjectURL(sound.url) : undefined), [sound])
  if (sound) return <Player sound={sound} />
  return (
    <>
      <Button icon="play" busy={load.isPending} onClick={() => load.mutate()}>
        {load.isPending ? say.loading : say.play}
      </Button>
      <Trouble error={load.error} />
    </>
  )
}

/** Three ways to a recording. */
function Make({ flow, phrase, onMade }: PartProps & { onMade: (sound: Sound) => void }) {
  const words = useWords()
  const say = words.phrases
  const input = useRef<HTMLInputElement>(null)
  const [recording, setRecording] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const code = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/phrases/{key}/{language}/code', {
          params: { path: { key: phrase.key, language: flow.language }, header: { 'Idempotency-Key': newKey() } },
        }),
      ),
  })

  async function take(blob: Blob | null) {
    setRecording(false)
    if (!blob) return
    const sound = await look(blob)
    const found = problemWith(sound)
    setProblem(found && say[found])
    if (!found) onMade(sound)
  }

  function chosen(event: ChangeEvent<HTMLInputElement>) {
    const file = event.target.files?.[0]
    event.target.value = ''
    if (file) void take(file)
  }
  if (recording) return <Recorder onDone={(blob) => void take(blob)} onFile={() => input.current?.click()} />
  return (
    <>
      <input ref={input} type="file" hidden accept="audio/*,.amr,.3gp" onChange={chosen} />
      <div className="actions">
        <Button
          icon="microphone"
          onClick={() => {
            setProblem(null)
            setRecording(true)
          }}
        >
          {phrase.words.own?.has_recording ? say.recordAgain : say.record}
        </Button>
        <Button icon="upload" onClick={() => input.current?.click()}>
          {say.chooseFile}
        </Button>
        <Button icon="voice" busy={code.isPending} onClick={() => code.mutate()}>
          {say.byPhone}
        </Button>
      </div>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <Trouble error={code.error} />
      {code.data && <Code code={code.data} onClose={code.reset} />}
    </>
  )
}

function Code({ code, onClose }: { code: { code: string; expires_at: string }; onClose: () => void }) {
  const say = useWords().phrases
  const format = useFormat()
  return (
    <Dialog title={say.codeTitle} onClose={onClose}>
      <div className="dialog-body">
        <p>{say.codeText}</p>
        <p className="phone-code">{code.code.replace(/(\d{4})(?=\d)/g, '$1 ')}</p>
        <p className="soft">{say.codeUntil(format.time(code.expires_at))}</p>
      </div>
    </Dialog>
  )
}

/** Listened to before it is kept. */
function Keep({ flow, phrase, sound, onDone }: PartProps & { sound: Sound; onDone: () => void }) {
  const say = useWords().phrases
  const lookAgain = useLookAgain()
  const [shown, setShown] = useState<Awaited<ReturnType<typeof soundOf>> | null>(null)
  useEffect(() => {
    let current = true
    void soundOf(sound.blob).then((made) => {
      if (current) setShown(made)
      else URL.revokeObjectURL(made.url)
    })
    return () => {
      current = false
    }
  }, [sound])
  useEffect(() => () => (shown ? URL.revokeObjectURL(shown.url) : undefined), [shown])
  const keep = useMutation({
    mutationFn: async () =>
      got(
        api.PUT('/api/v1/phrases/{key}/{language}/recording', {
          params: { path: { key: phrase.key, language: flow.language }, header: versionOf(phrase.words.own) },
          body: { voice_data: base64(await toSend(sound)) },
        }),
      ),
    onSuccess: () => {
      sayBriefly(say.kept)
      onDone()
    },
    onSettled: lookAgain,
  })
  return (
    <div className="made">
      <p className="label">{say.yours}</p>
      <p className="hint">{say.listenFirst}</p>
      {shown && <Player sound={shown} atOnce={false} />}
      <div className="actions">
        <Button look="main" icon="check" busy={keep.isPending} onClick={() => keep.mutate()}>
          {say.keep}
        </Button>
        <Button look="quiet" onClick={onDone}>
          {say.discard}
        </Button>
      </div>
      <Trouble error={keep.error} />
    </div>
  )
}
