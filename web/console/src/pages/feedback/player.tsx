// A patient's voice. It is fetched when somebody wants to hear it: every hearing is in the audit log.

import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'

import { download, file } from '../../api/client'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { clock, peaks } from '../../logic/waveform'
import { Button, IconButton } from '../../ui/button'
import { Choice } from '../../ui/field'
import { Notice, Trouble } from '../../ui/notice'

type Feedback = Pick<Shape<'FeedbackDetail'>, 'id' | 'voice' | 'voice_awaited' | 'voice_seconds' | 'voice_problems'>

const STEPS = 96
const SPEEDS = ['0.75', '1', '1.25', '1.5', '2'] as const
type Speed = (typeof SPEEDS)[number]

interface Sound {
  url: string
  peaks: number[]
}

async function fetchSound(id: number): Promise<Sound> {
  const { blob } = await file(`/api/v1/feedback/${id}/recording`)
  const context = new OfflineAudioContext(1, 1, 8000)
  const shape = await blob
    .arrayBuffer()
    .then((bytes) => context.decodeAudioData(bytes))
    .then((audio) => peaks(audio.getChannelData(0), STEPS))
    .catch(() => [])
  return { url: URL.createObjectURL(blob), peaks: shape }
}

export function Voice({ feedback }: { feedback: Feedback }) {
  const words = useWords()
  const say = words.feedback.player
  const load = useMutation({ mutationFn: () => fetchSound(feedback.id) })
  const sound = load.data
  useEffect(() => () => (sound ? URL.revokeObjectURL(sound.url) : undefined), [sound])
  if (feedback.voice_awaited) return <Notice>{say.awaited}</Notice>
  if (!feedback.voice) return null
  const problems: Record<string, string> = say.problems
  return (
    <div className="voice">
      {feedback.voice_problems.map((problem) => (
        <Notice key={problem} tone="warn">
          {problems[problem] ?? say.otherProblem}
        </Notice>
      ))}
      {sound ? (
        <Player sound={sound} onDownload={() => void download(`/api/v1/feedback/${feedback.id}/voice`)} />
      ) : (
        <Button icon="play" busy={load.isPending} onClick={() => load.mutate()}>
          {load.isPending ? say.loading : say.play}
          {feedback.voice_seconds !== null && ` · ${clock(feedback.voice_seconds)}`}
        </Button>
      )}
      <Trouble error={load.error} />
    </div>
  )
}

function Player({ sound, onDownload }: { sound: Sound; onDownload: () => void }) {
  const words = useWords()
  const say = words.feedback.player
  const audio = useRef<HTMLAudioElement>(null)
  const [playing, setPlaying] = useState(false)
  const [position, setPosition] = useState(0)
  const [length, setLength] = useState(0)
  const [speed, setSpeed] = useState<Speed>('1')
  const [broken, setBroken] = useState(false)

  function toggle() {
    const element = audio.current
    if (!element) return
    if (element.paused) void element.play().catch(() => setBroken(true))
    else element.pause()
  }

  function faster(wanted: Speed) {
    setSpeed(wanted)
    if (audio.current) audio.current.playbackRate = Number(wanted)
  }

  function move(seconds: number) {
    setPosition(seconds)
    if (audio.current) audio.current.currentTime = seconds
  }

  return (
    <div className="player">
      <audio
        ref={audio}
        src={sound.url}
        autoPlay
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onTimeUpdate={(event) => setPosition(event.currentTarget.currentTime)}
        onLoadedMetadata={(event) => setLength(event.currentTarget.duration)}
        onError={() => setBroken(true)}
      />
      <IconButton
        name={playing ? 'pause' : 'play'}
        label={playing ? say.pause : say.play}
        className="play"
        onClick={toggle}
      />
      <div className="wave">
        <Wave peaks={sound.peaks} share={length > 0 ? position / length : 0} />
        <input
          type="range"
          min={0}
          max={length || 1}
          step={0.1}
          value={Math.min(position, length || 1)}
          aria-label={say.position}
          aria-valuetext={`${clock(position)} / ${clock(length)}`}
          onChange={(event) => move(Number(event.target.value))}
        />
      </div>
      <span className="soft clock">
        {clock(position)} / {clock(length)}
      </span>
      <Choice
        label={say.speed}
        quietLabel
        value={speed}
        options={SPEEDS.map((one) => [one, `${one.replace('.', words.tag === 'fr' ? ',' : '.')} ×`] as const)}
        onChange={faster}
      />
      <IconButton name="download" label={say.download} onClick={onDownload} />
      {broken && <Notice tone="warn">{say.failed}</Notice>}
    </div>
  )
}

function Wave({ peaks: shape, share }: { peaks: number[]; share: number }) {
  const bars = shape.length > 0 ? shape : Array.from({ length: STEPS }, () => 0.15)
  return (
    <svg viewBox={`0 0 ${STEPS * 4} 48`} preserveAspectRatio="none" aria-hidden="true">
      {bars.map((peak, step) => {
        const height = Math.max(3, peak * 44)
        return (
          <rect
            key={step}
            className={step / bars.length < share ? 'heard-part' : undefined}
            x={step * 4}
            y={24 - height / 2}
            width={2.6}
            height={height}
            rx={1.3}
          />
        )
      })}
    </svg>
  )
}
