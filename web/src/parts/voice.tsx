// Recording: Opus at a low rate, heard before it is sent, erased at will. Nothing of it is written
// anywhere before it is sealed.

import { useEffect, useRef, useState } from 'preact/hooks'

import type { Words } from '../words'

export interface VoiceProps {
  words: Words
  seconds: number
  voice: Blob | null
  shown: boolean // nobody is recorded by a screen that they do not see
  change: (voice: Blob | null) => void
  recording: (running: boolean) => void
}

const BITS = 16_000
const KINDS = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4']

interface Running {
  recorder: MediaRecorder
  stream: MediaStream
}

function release(running: Running | undefined): void {
  running?.stream.getTracks().forEach((track) => track.stop())
}

async function record(done: (voice: Blob | null) => void): Promise<Running> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, noiseSuppression: true, autoGainControl: true },
  })
  const kind = KINDS.find((one) => MediaRecorder.isTypeSupported(one))
  const recorder = new MediaRecorder(stream, {
    audioBitsPerSecond: BITS,
    ...(kind && { mimeType: kind }),
  })
  const parts: Blob[] = []
  recorder.ondataavailable = (event) => event.data.size && parts.push(event.data)
  recorder.onstop = () => {
    stream.getTracks().forEach((track) => track.stop())
    done(parts.length ? new Blob(parts, { type: recorder.mimeType }) : null)
  }
  recorder.start(1000)
  return { recorder, stream }
}

const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`

export function Voice({ words, seconds, voice, shown, change, recording }: VoiceProps) {
  const [state, setState] = useState<'idle' | 'asking' | 'running' | 'denied'>('idle')
  const [elapsed, setElapsed] = useState(0)
  const [said, setSaid] = useState('')
  const running = useRef<Running>(undefined)
  const gone = useRef(false)
  const stopButton = useRef<HTMLButtonElement>(null)
  const changed = useRef(change)
  changed.current = change

  async function start() {
    dispatchEvent(new Event('careloop-hush'))
    setState('asking')
    setSaid('')
    try {
      const now = await record((made) => {
        if (gone.current) return
        setState('idle')
        if (!made) return // stopped before there was a sound: what was there before stays
        changed.current(made)
        setSaid(words.voiceDone)
      })
      if (gone.current) return release(now)
      running.current = now
      setElapsed(0)
      setState('running')
    } catch {
      setState('denied')
    }
  }

  const stop = () => {
    if (running.current?.recorder.state === 'recording') running.current.recorder.stop()
  }

  useEffect(() => {
    void start()
    return () => {
      gone.current = true
      stop()
      release(running.current)
    }
    // oxlint-disable-next-line react/exhaustive-deps -- once: whoever asked for the recorder is recorded
  }, [])

  useEffect(() => {
    if (!shown) stop()
  }, [shown])

  useEffect(() => {
    recording(state === 'running')
    if (state !== 'running') return
    stopButton.current?.focus()
    const began = Date.now()
    const timer = setInterval(() => {
      const now = (Date.now() - began) / 1000
      setElapsed(now)
      if (now >= seconds) stop()
    }, 200)
    return () => clearInterval(timer)
  }, [state, seconds, recording])

  return (
    <div class="recorder">
      <p class="said" role="status">
        {state === 'running' ? words.voiceRunning : state === 'asking' ? words.voiceLoading : said}
      </p>
      {state === 'running' && (
        <>
          <p class="meter" aria-hidden="true">
            <i /> {clock(elapsed)} <span>/ {clock(seconds)}</span>
          </p>
          <button type="button" class="record stop" ref={stopButton} onClick={stop}>
            <i aria-hidden="true" />
            {words.voiceStop}
          </button>
        </>
      )}
      {state === 'denied' && <p class="hint">{words.voiceDenied}</p>}
      {(state === 'denied' || (state === 'idle' && !voice)) && (
        <button type="button" class="record" onClick={start}>
          <i aria-hidden="true" />
          {words.voiceStart}
        </button>
      )}
      {state === 'idle' && voice && (
        <div class="made">
          <Player words={words} voice={voice} />
          <button type="button" class="plain" onClick={start}>
            {words.voiceAgain}
          </button>
          <button
            type="button"
            class="plain"
            onClick={() => {
              change(null)
              setSaid(words.voiceDeleted)
            }}
          >
            {words.voiceDelete}
          </button>
        </div>
      )}
    </div>
  )
}

function Player({ words, voice }: { words: Words; voice: Blob }) {
  const audio = useRef<HTMLAudioElement>(null)
  const [playing, setPlaying] = useState(false)
  useEffect(() => {
    const address = URL.createObjectURL(voice)
    if (audio.current) audio.current.src = address
    return () => URL.revokeObjectURL(address)
  }, [voice])
  const toggle = () => {
    if (playing) audio.current?.pause()
    else void audio.current?.play()
  }
  return (
    <>
      <audio
        ref={audio}
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setPlaying(false)}
      />
      <button type="button" class="plain listen" onClick={toggle}>
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d={playing ? 'M7 5h4v14H7zM13 5h4v14h-4z' : 'M8 5v14l11-7z'} />
        </svg>
        {playing ? words.voicePause : words.voicePlay}
      </button>
    </>
  )
}
