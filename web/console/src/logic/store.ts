// A value outside of React that components can watch.

import { useSyncExternalStore } from 'react'

export interface Store<Value> {
  get: () => Value
  set: (value: Value) => void
  watch: (listener: () => void) => () => void
}

export function createStore<Value>(first: Value): Store<Value> {
  let current = first
  const listeners = new Set<() => void>()
  return {
    get: () => current,
    set(value) {
      if (Object.is(value, current)) return
      current = value
      for (const listener of Array.from(listeners)) listener()
    },
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export const useStore = <Value>(store: Store<Value>): Value =>
  useSyncExternalStore(store.watch, store.get)

// Resolves as soon as the store holds a value that is wanted; rejects when the signal says so.
export function until<Value>(
  store: Store<Value>,
  wanted: (value: Value) => boolean,
  signal?: AbortSignal,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!wanted(store.get())) return
      stop()
      resolve(store.get())
    }
    const giveUp = () => {
      stop()
      reject(signal?.reason ?? new DOMException('Aborted', 'AbortError'))
    }
    const unwatch = store.watch(look)
    const stop = () => {
      unwatch()
      signal?.removeEventListener('abort', giveUp)
    }
    signal?.addEventListener('abort', giveUp)
    if (signal?.aborted) giveUp()
    else look()
  })
}
