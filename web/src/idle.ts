// A tablet that somebody has left: what they began is erased, but nobody is hurried. After three
// minutes without a touch the app asks; it waits another minute for an answer.

import { useCallback, useEffect, useState } from 'preact/hooks'

const ASK_AFTER = 3 * 60_000
const ERASE_AFTER = 60_000
const SIGNS = ['pointerdown', 'keydown', 'input', 'scroll'] as const

export function useIdle(active: boolean, erase: () => void): { asking: boolean; more: () => void } {
  const [asking, setAsking] = useState(false)
  const more = useCallback(() => setAsking(false), [])

  useEffect(() => {
    if (!active) {
      setAsking(false)
      return
    }
    if (asking) {
      const timer = setTimeout(erase, ERASE_AFTER)
      return () => clearTimeout(timer)
    }
    let timer = setTimeout(() => setAsking(true), ASK_AFTER)
    const again = () => {
      clearTimeout(timer)
      timer = setTimeout(() => setAsking(true), ASK_AFTER)
    }
    for (const sign of SIGNS) addEventListener(sign, again, { passive: true })
    return () => {
      clearTimeout(timer)
      for (const sign of SIGNS) removeEventListener(sign, again)
    }
  }, [active, asking, erase])

  return { asking, more }
}
