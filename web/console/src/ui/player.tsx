// A player for a voice: what somebody said, or what a phrase is to sound like.

import { useRef, useState } from 'react'

import { useWords } from '../i18n/words'
import { clock, peaks } from '../logic/waveform'
import { IconButton } from './button'
import { Choice } from './field'
import { Notice } from './notice'
import './player.css'

const STEPS = 96
const SPEEDS = ['0.75', '1', '1.25', '1.5', '2'] as const
type Speed = (typeof SPEEDS)[number]

export interface Sound {
  url: string
  peaks: number[]
  /** 0: not known before it is played. */
  seconds: number
}

/** A sound with its shape; whoever asks for it revokes its address. */
export async function soundOf(blob: Blob): Promise<Sound> {
  const url = URL.createObjectURL(blob)
  const context = new OfflineAudioContext(1, 1, 8000)
  return blob
    .arrayBuffer()
    .then((bytes) => context.decodeAudioData(bytes))
    .then((audio) => ({ url, peaks: peaks(audio.getChannelData(0), STEPS), seconds: audio.duration }))
    .catch(() => ({ url, peaks: [], seconds: 0 }))
}

/** What a browser has just recorded does not say how long it is. */
const lengthOf = (said: number, sound: Sound) => (Number.isFinite(said) ? said : sound.seconds)

interface PlayerProps {
  sound: Sound
  /** A first press on play elsewhere was meant for this, too. */
  atOnce?: boolean
  onDownload?: () => void
}

/** Plays one sound: its shape to move in, its speed. */
export function Player({ sound, atOnce = true, onDownload }: PlayerProps) {
  const words = useWords()
  const say = words.feedback.player
  const audio = useRef<HTMLAudioElement>(null)
  const [playing, setPlaying] = useState(false)
  const [position, setPosition] = useState(0)
  const [length, setLength] = useState(sound.seconds)
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
        autoPlay={atOnce}
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onTimeUpdate={(event) => setPosition(event.currentTarget.currentTime)}
        onLoadedMetadata={(event) => setLength(lengthOf(event.currentTarget.duration, sound))}
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
      {onDownload && <IconButton name="download" label={say.download} onClick={onDownload} />}
      {broken && <Notice tone="warn" told>{say.failed}</Notice>}
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
