// Plays what a step of a call says, with this browser's own player.

import { useEffect, useEffectEvent, useRef, useState } from 'react'

import type { Shape } from '../../api/types'
import { playAll, waitFor } from '../../logic/playback'
import { fetchRecording } from './parts'

type Said = Shape<'SaidOut'>

interface Playback {
  at: number
  over: boolean
  failed: ReadonlySet<number>
}

const NONE: ReadonlySet<number> = new Set()

/** Plays all from one place on, anew with each turn; turn 0 is silence. */
export function usePlayback(said: Said[], turn: number, from: number): Playback {
  const [now, setNow] = useState<Playback & { turn: number }>({ turn: 0, at: 0, over: false, failed: NONE })
  const sounds = useRef(new Map<string, Promise<Blob>>())
  const saidNow = useEffectEvent(() => said)
  useEffect(() => {
    if (turn === 0) return
    const call = new AbortController()
    const all = saidNow().slice(from)
    const fresh = { turn, at: from, over: false, failed: NONE }
    const change = (part: (before: Playback) => Partial<Playback>) =>
      setNow((last) => {
        const before = last.turn === turn ? last : fresh
        return { ...before, ...part(before) }
      })
    const sound = (one: Said) => kept(sounds.current, one)
    all.filter((one) => one.recorded).forEach((one) => void sound(one).catch(() => undefined))
    void playAll(
      all,
      {
        show: (at) => change(() => ({ at: at + from })),
        play: async (one, signal) => playOne(await sound(one), signal),
        wait: waitFor,
        failed: (at) => change(({ failed }) => ({ failed: new Set([...failed, at + from]) })),
      },
      call.signal,
    ).then(() => !call.signal.aborted && change(() => ({ over: true })))
    return () => call.abort()
  }, [turn, from])
  return now.turn === turn ? now : { at: from, over: false, failed: NONE }
}

function kept(sounds: Map<string, Promise<Blob>>, one: Said): Promise<Blob> {
  const name = `${one.key}/${one.language}`
  const known = sounds.get(name)
  if (known) return known
  const asked = fetchRecording(one.key ?? '', one.language ?? '')
  sounds.set(name, asked)
  void asked.catch(() => sounds.delete(name))
  return asked
}

function playOne(blob: Blob, signal: AbortSignal): Promise<void> {
  const url = URL.createObjectURL(blob)
  const audio = new Audio(url)
  return new Promise<void>((resolve, reject) => {
    audio.onended = () => resolve()
    audio.onerror = () => reject(new Error('not playable'))
    signal.addEventListener('abort', () => reject(signal.reason as Error))
    if (signal.aborted) reject(signal.reason as Error)
    else audio.play().catch(reject)
  }).finally(() => {
    audio.pause()
    URL.revokeObjectURL(url)
  })
}
