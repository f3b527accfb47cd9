// Light or dark: as the device has it, or as somebody chose; remembered on this device.

import { createStore, useStore } from '../logic/store'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEPT = 'careloop.theme'
const dark = matchMedia('(prefers-color-scheme: dark)')
const kept = localStorage.getItem(KEPT)
const theme = createStore<Theme>(kept === 'light' || kept === 'dark' ? kept : 'system')

function show() {
  const wanted = theme.get()
  document.documentElement.dataset.theme = wanted === 'system' ? (dark.matches ? 'dark' : 'light') : wanted
}

export const useTheme = (): Theme => useStore(theme)

export function chooseTheme(wanted: Theme) {
  localStorage.setItem(KEPT, wanted)
  theme.set(wanted)
  show()
}

dark.addEventListener('change', show)
show()
