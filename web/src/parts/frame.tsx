import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import type { Words } from '../words'

export interface FrameFacts {
  words: Words
  hospital: string
  department: string
  waiting: number
  openBox: () => void
}

// The cloth above every screen, whose house this is, and what is waiting.
export function Frame({ facts, children }: { facts: FrameFacts; children: ComponentChildren }) {
  const { words, hospital, department, waiting, openBox } = facts
  return (
    <>
      <header class="head">
        <div class="head-row">
          <p class="house">
            <strong>{hospital}</strong>
            {department && <span>{department}</span>}
          </p>
          <button type="button" class="box-button" onClick={openBox}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d="M4 13v5a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-5M12 4v11M7.5 8.5 12 4l4.5 4.5" />
            </svg>
            <span class="heard">{words.outbox} :</span>
            <span>{waiting}</span>
          </button>
        </div>
      </header>
      <main>{children}</main>
    </>
  )
}

// A screen's heading takes the focus when the screen appears, so that it is read out.
export function Title({ children, focused = true }: { children: ComponentChildren; focused?: boolean }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (focused) heading.current?.focus({ preventScroll: true })
  }, [focused])
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  )
}
