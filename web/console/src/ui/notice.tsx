// What the page has to say: in place, or for a moment at its foot.

import type { ReactNode } from 'react'

import { useWords } from '../i18n/words'
import { createStore, useStore } from '../logic/store'
import { Button, IconButton } from './button'
import { Icon, type IconName } from './icon'
import { useProblem } from './problem'

type Tone = 'good' | 'warn' | 'bad' | 'news'
const ICONS: Record<Tone, IconName> = { good: 'check', warn: 'warn', bad: 'warn', news: 'clock' }

interface NoticeProps {
  tone?: Tone
  /** It comes of what somebody has just done: who hears the page is told at once. */
  told?: boolean
  children: ReactNode
}

export const Notice = ({ tone = 'news', told = tone === 'bad', children }: NoticeProps) => (
  <div className={`notice ${tone}`} role={told ? 'alert' : undefined}>
    <Icon name={ICONS[tone]} />
    <div>{children}</div>
  </div>
)

/** An error in words; nothing when there is none. */
export function Trouble({ error, again }: { error: unknown; again?: () => void }) {
  const words = useWords()
  const told = useProblem()
  if (!error) return null
  return (
    <Notice tone="bad">
      <p>{told(error)}</p>
      {again && <Button onClick={again}>{words.common.tryAgain}</Button>}
    </Notice>
  )
}

interface Toast {
  id: number
  text: string
}

const toasts = createStore<Toast[]>([])
let last = 0
const SHOWN = 6000

/** Say that something was done; it goes away by itself. */
export function say(text: string) {
  last += 1
  const id = last
  toasts.set([...toasts.get().slice(-2), { id, text }])
  setTimeout(() => unsay(id), SHOWN)
}

const unsay = (id: number) => toasts.set(toasts.get().filter((toast) => toast.id !== id))

export function Toasts() {
  const words = useWords()
  const shown = useStore(toasts)
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((toast) => (
        <p key={toast.id} className="toast">
          <Icon name="check" />
          <span>{toast.text}</span>
          <IconButton name="close" label={words.common.close} onClick={() => unsay(toast.id)} />
        </p>
      ))}
    </div>
  )
}
