// What somebody is writing, kept in memory only: it survives another page, a session that ends and
// a service that is away, and is gone with the tab. Nothing of a patient is left on a shared disk.

import { useCallback, useSyncExternalStore } from 'react'

const drafts = new Map<string, unknown>()
const listeners = new Set<() => void>()

function changed() {
  for (const listener of Array.from(listeners)) listener()
}

export function forgetDrafts() {
  drafts.clear()
  changed()
}

const watch = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export interface Draft<Value> {
  value: Value
  touched: boolean
  change: (part: Partial<Value>) => void
  clear: () => void
}

export function useDraft<Value extends object>(name: string, empty: Value): Draft<Value> {
  const kept = useSyncExternalStore(watch, () => drafts.get(name)) as Value | undefined
  const value = kept ?? empty
  const change = useCallback(
    (part: Partial<Value>) => {
      drafts.set(name, { ...((drafts.get(name) as Value | undefined) ?? empty), ...part })
      changed()
    },
    [name, empty],
  )
  const clear = useCallback(() => {
    drafts.delete(name)
    changed()
  }, [name])
  return { value, touched: kept !== undefined, change, clear }
}
