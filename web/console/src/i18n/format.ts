import { useMemo } from 'react'

import { format, type Format } from '../logic/format'
import { useStore } from '../logic/store'
import { session } from '../session/session'
import { useWords } from './words'

const OWN_ZONE = 'Africa/Douala'

/** How dates and numbers are written here; times are those of the establishment. */
export function useFormat(): Format {
  const words = useWords()
  const now = useStore(session)
  const zone = 'me' in now ? now.me.current.time_zone : OWN_ZONE
  return useMemo(() => format(words.tag, zone), [words.tag, zone])
}
