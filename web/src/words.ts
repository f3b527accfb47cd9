// Every word that the app says. French and English ship (`locales/*/app.json`); an establishment's
// own phrases come by sync and go before them. A language is offered when the establishment has
// switched it on and it is here as a whole: nobody here invents a sentence in Duala, Basaa, Ewondo.

import en from '../../locales/en/app.json'
import fr from '../../locales/fr/app.json'

// `spoken`: where a phrase is heard, by its key.
export type Words = typeof fr & { tag: string; spoken: Record<string, string> }

// What an establishment says itself, by language and key (`askTitle`, `faces.0`).
export type Phrases = Record<string, { words: Record<string, string>; prompts?: Record<string, string> }>

const TAGS: Record<string, string> = {
  french: 'fr',
  english: 'en',
  duala: 'dua',
  bassa: 'bas',
  ewondo: 'ewo',
}

// By the published names of the languages.
const SHIPPED: Record<string, Words> = {
  french: { ...fr, tag: 'fr', spoken: {} },
  english: { ...en, tag: 'en', spoken: {} },
}

type Tree = { [key: string]: string | Tree }

function put(tree: Tree, [key = '', ...rest]: string[], text: string): void {
  const inside = tree[key]
  if (rest.length === 0) tree[key] = text
  else if (typeof inside === 'object') put(inside, rest, text)
}

export function wordsOf(language: string, phrases: Phrases = {}, base = ''): Words {
  const words = structuredClone(SHIPPED[language] ?? SHIPPED.french!)
  words.tag = TAGS[language] ?? words.tag
  for (const [key, text] of Object.entries(phrases[language]?.words ?? {})) {
    put(words as unknown as Tree, key.split('.'), text)
  }
  for (const [key, id] of Object.entries(phrases[language]?.prompts ?? {})) {
    words.spoken[key] = `${base}/sync/prompts/${id}`
  }
  return words
}

// The server offers a language only when it has every phrase of it.
export const offered = (languages: string[], phrases: Phrases = {}): string[] =>
  languages.filter((name) => name in SHIPPED || (name in TAGS && phrases[name]))

export const ownWords = (): Words => wordsOf(navigator.language.startsWith('en') ? 'english' : 'french')
