// The reader's language: the browser's at first, then what they chose; remembered on this device.

import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'

import { createStore, useStore } from '../logic/store'
import type { fr } from './fr'

export type Words = typeof fr
export type Language = 'fr' | 'en'

const KEPT = 'careloop.language'
const CATALOGUES: Record<Language, () => Promise<Words>> = {
  fr: () => import('./fr').then((module) => module.fr),
  en: () => import('./en').then((module) => module.en),
}

function first(): Language {
  const kept = localStorage.getItem(KEPT)
  if (kept === 'fr' || kept === 'en') return kept
  return navigator.languages.find((tag) => /^(fr|en)/.test(tag))?.startsWith('en') ? 'en' : 'fr'
}

const language = createStore<Language>(first())

export const useLanguage = (): Language => useStore(language)

export function chooseLanguage(wanted: Language) {
  localStorage.setItem(KEPT, wanted)
  language.set(wanted)
}

const Context = createContext<Words | null>(null)

export function useWords(): Words {
  const words = useContext(Context)
  if (!words) throw new Error('outside of SpokenIn')
  return words
}

/** For tests, and for what is there before anything is loaded. */
export const WithWords = Context.Provider

/** Shows its children as soon as their words are here; the old ones stay until the new ones are. */
export function SpokenIn({ children }: { children: ReactNode }) {
  const wanted = useLanguage()
  const [words, setWords] = useState<Words | null>(null)
  useEffect(() => {
    let current = true
    void CATALOGUES[wanted]().then((loaded) => {
      if (!current) return
      document.documentElement.lang = wanted
      setWords(loaded)
    })
    return () => {
      current = false
    }
  }, [wanted])
  return words && <Context.Provider value={words}>{children}</Context.Provider>
}
