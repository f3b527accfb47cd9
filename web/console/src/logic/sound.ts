// Recordings on their way to the service: how long, how loud, and small enough to be sent.

export const LONGEST = 60
/** What the service takes inline, decoded. */
export const MOST_BYTES = 2 * 1024 * 1024
/** A telephone carries 8 kHz of samples: twice that loses nothing that anybody hears there. */
export const SAMPLE_RATE = 16_000
const HEADER = 44
const QUIET = 0.003

/** 16-bit PCM, mono, as a WAV file (Microsoft RIFF, format 1). */
export function wav(samples: Float32Array, rate: number): ArrayBuffer {
  const file = new ArrayBuffer(HEADER + samples.length * 2)
  const view = new DataView(file)
  const write = (at: number, text: string) => {
    for (let index = 0; index < text.length; index += 1) view.setUint8(at + index, text.charCodeAt(index))
  }
  write(0, 'RIFF')
  view.setUint32(4, file.byteLength - 8, true)
  write(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, rate, true)
  view.setUint32(28, rate * 2, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  write(36, 'data')
  view.setUint32(40, samples.length * 2, true)
  for (let index = 0; index < samples.length; index += 1) {
    const sample = Math.max(-1, Math.min(1, samples[index] ?? 0))
    view.setInt16(HEADER + index * 2, Math.round(sample * 32_767), true)
  }
  return file
}

export const isQuiet = (samples: Float32Array): boolean => samples.every((sample) => Math.abs(sample) < QUIET)

/** Bytes as base64, in pieces that no call stack minds. */
export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(text)
}

/** What a microphone hears now, between 0 (nothing) and 1, on a scale that ears have (60 dB). */
export function loudness(wave: Float32Array): number {
  const square = wave.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, wave.length)
  const decibels = 10 * Math.log10(square + 1e-12)
  return Math.max(0, Math.min(1, (decibels + 60) / 60))
}

export interface Sound {
  blob: Blob
  /** Seconds; null when this browser cannot decode it: the service will say what it is. */
  seconds: number | null
  samples: Float32Array | null
}

/** Look into a recording or a file. */
export async function look(blob: Blob): Promise<Sound> {
  const context = new OfflineAudioContext(1, 1, SAMPLE_RATE)
  try {
    const audio = await context.decodeAudioData(await blob.arrayBuffer())
    return { blob, seconds: audio.duration, samples: audio.getChannelData(0) }
  } catch {
    return { blob, seconds: null, samples: null }
  }
}

export type SoundProblem = 'tooLong' | 'tooQuiet' | 'tooLarge'

/** What the service would refuse, said at once; null when there is nothing. */
export function problemWith(sound: Sound): SoundProblem | null {
  if (sound.seconds !== null && sound.seconds > LONGEST) return 'tooLong'
  if (sound.samples !== null && isQuiet(sound.samples)) return 'tooQuiet'
  return sound.samples === null && sound.blob.size > MOST_BYTES ? 'tooLarge' : null
}

/** The bytes to send: as they are, or plainer where they are too many for a poor link. */
export async function toSend(sound: Sound): Promise<Uint8Array> {
  const small = sound.blob.size <= MOST_BYTES || sound.samples === null
  // decodeAudioData has brought it to the context's rate.
  const bytes = small ? await sound.blob.arrayBuffer() : wav(sound.samples ?? new Float32Array(), SAMPLE_RATE)
  return new Uint8Array(bytes)
}
