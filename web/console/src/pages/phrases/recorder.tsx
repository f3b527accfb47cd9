// The microphone: asked for, watched, and let go of in every case.

import { useEffect, useEffectEvent, useRef, useState } from 'react'

import { useWords } from '../../i18n/words'
import { LONGEST, loudness } from '../../logic/sound'
import { clock } from '../../logic/waveform'
import { Button } from '../../ui/button'
import { Notice } from '../../ui/notice'

const BITS = 32_000
const KINDS = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4']
const LOOK_EVERY = 100
const SOFT = 0.25
/** So long nothing is heard before somebody is told. */
const PATIENCE = 2500
const BARS = 24

type State = 'asking' | 'running' | 'micDenied' | 'micNone' | 'micBroken'

interface Props {
  /** Null: nothing was recorded. */
  onDone: (blob: Blob | null) => void
  onFile: () => void
}

export function Recorder({ onDone, onFile }: Props) {
  const words = useWords()
  const say = words.phrases
  const [state, setState] = useState<State>('asking')
  const [tries, setTries] = useState(0)
  const stop = useRef<() => void>(() => {})
  const finish = useEffectEvent(onDone)
  const [heard, setHeard] = useState<Heard>({ level: 0, seconds: 0, quiet: false })

  useEffect(() => {
    const leave = new AbortController()
    void record(leave.signal, setHeard).then(
      (running) => {
        if (leave.signal.aborted) return
        stop.current = running.stop
        setState('running')
        void running.made.then((blob) => !leave.signal.aborted && finish(blob))
      },
      (error: unknown) => !leave.signal.aborted && setState(whyNot(error)),
    )
    return () => leave.abort()
  }, [tries])

  if (state === 'asking') return <Notice>{say.asking}</Notice>
  if (state !== 'running') {
    return (
      <div className="recorder">
        <Notice tone="bad">{say[state]}</Notice>
        <div className="actions">
          <Button
            onClick={() => {
              setState('asking')
              setTries(tries + 1)
            }}
          >
            {words.common.tryAgain}
          </Button>
          <Button icon="upload" onClick={onFile}>
            {say.chooseFile}
          </Button>
          <Button look="quiet" onClick={() => onDone(null)}>
            {words.common.back}
          </Button>
        </div>
      </div>
    )
  }
  return (
    <div className="recorder running" ref={focusButton}>
      <Level value={heard.level} label={say.level} />
      <span className="clock">
        {clock(heard.seconds)} <span className="soft">/ {clock(LONGEST)}</span>
      </span>
      <Button look="main" icon="stop" onClick={() => stop.current()}>
        {say.stop}
      </Button>
      <p role="status" className={heard.quiet ? 'costly' : 'soft'}>
        {heard.quiet ? say.notHeard : say.heard}
      </p>
    </div>
  )
}

/** What was pressed to record is gone: the same press stops it. */
const focusButton = (place: HTMLElement | null) => place?.querySelector('button')?.focus()

function Level({ value, label }: { value: number; label: string }) {
  return (
    <svg
      className="level"
      viewBox={`0 0 ${BARS * 5} 20`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(value * 100)}
    >
      {Array.from({ length: BARS }, (_, bar) => (
        <rect key={bar} x={bar * 5} width={3} height={20} rx={1.5} className={bar / BARS < value ? 'lit' : undefined} />
      ))}
    </svg>
  )
}

interface Heard {
  level: number
  seconds: number
  quiet: boolean
}

interface Running {
  stop: () => void
  made: Promise<Blob | null>
}

/** Record until it is stopped, a minute is over, or the signal says so. Rejects without a microphone. */
async function record(leave: AbortSignal, hear: (heard: Heard) => void): Promise<Running> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, noiseSuppression: true, autoGainControl: true },
  })
  const letGo = () => stream.getTracks().forEach((track) => track.stop())
  if (leave.aborted) {
    letGo()
    throw leave.reason
  }
  const kind = KINDS.find((one) => MediaRecorder.isTypeSupported(one))
  const recorder = new MediaRecorder(stream, { audioBitsPerSecond: BITS, ...(kind && { mimeType: kind }) })
  const context = new AudioContext()
  const ear = new AnalyserNode(context, { fftSize: 2048 })
  context.createMediaStreamSource(stream).connect(ear)
  const parts: Blob[] = []
  recorder.ondataavailable = (event) => event.data.size > 0 && parts.push(event.data)
  const stop = () => recorder.state === 'recording' && recorder.stop()
  const watching = watch(ear, hear, stop)
  const made = new Promise<Blob | null>((resolve) => {
    recorder.onstop = () => {
      clearInterval(watching)
      letGo()
      void context.close()
      resolve(parts.length > 0 ? new Blob(parts, { type: recorder.mimeType }) : null)
    }
  })
  leave.addEventListener('abort', stop)
  recorder.start(1000)
  return { stop, made }
}

function watch(ear: AnalyserNode, hear: (heard: Heard) => void, stop: () => void) {
  const wave = new Float32Array(ear.fftSize)
  const began = performance.now()
  let lastHeard = began
  return setInterval(() => {
    const now = performance.now()
    ear.getFloatTimeDomainData(wave)
    const level = loudness(wave)
    if (level > SOFT) lastHeard = now
    hear({ level, seconds: (now - began) / 1000, quiet: now - lastHeard > PATIENCE })
    if (now - began >= LONGEST * 1000) stop()
  }, LOOK_EVERY)
}

function whyNot(error: unknown): State {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'micDenied'
  // Without a secure address there is no `mediaDevices` at all.
  return name === 'NotFoundError' || error instanceof TypeError ? 'micNone' : 'micBroken'
}
