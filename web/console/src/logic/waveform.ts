// How loud a recording is, in as many steps as there is room for.

/** Peaks between 0 and 1, the loudest being 1; silence stays flat instead of being blown up. */
export function peaks(samples: Float32Array, steps: number): number[] {
  if (samples.length === 0 || steps < 1) return []
  const size = samples.length / steps
  const found = Array.from({ length: steps }, (_, step) => {
    let most = 0
    const end = Math.min(samples.length, Math.ceil((step + 1) * size))
    for (let at = Math.floor(step * size); at < end; at += 1) most = Math.max(most, Math.abs(samples[at] ?? 0))
    return most
  })
  const loudest = Math.max(...found)
  return loudest < 0.01 ? found.map(() => 0) : found.map((peak) => peak / loudest)
}

/** 83 seconds as 1:23. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
