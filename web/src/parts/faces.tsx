// Five faces, drawn: every device shows the same ones, with no font needed.

import type { ComponentChildren } from 'preact'

const MOUTHS = ['M15 35q9-9 18 0', 'M16 34q8-5 16 0', 'M16 33h16', 'M15 31q9 7 18 0', 'M14 30q10 13 20 0z']
const BROWS = ['M13 17l7 3M35 17l-7 3', 'M14 19l6-1M34 19l-6-1']

export function Face({ mood }: { mood: number }) {
  return (
    <svg viewBox="0 0 48 48" class={`face face-${mood}`} aria-hidden="true">
      <circle cx="24" cy="24" r="21" />
      <path class="line" d={MOUTHS[mood]} />
      {BROWS[mood] && <path class="line" d={BROWS[mood]} />}
      {mood === 4 ? (
        <path class="line" d="M14 21q3-4 6 0M28 21q3-4 6 0" />
      ) : (
        <path class="dots" d="M17 22v.01M31 22v.01" />
      )}
    </svg>
  )
}

interface Choice {
  legend: string
  hear: ComponentChildren
  labels: string[]
  chosen: number
  choose: (index: number) => void
}

export function Faces({ legend, hear, labels, chosen, choose }: Choice) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {hear}
      <div class="faces">
        {labels.map((label, mood) => (
          <label key={label} class={chosen === mood ? 'chosen' : ''}>
            <input type="radio" name="face" value={mood} checked={chosen === mood} onChange={() => choose(mood)} />
            <Face mood={mood} />
            <span>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

export function Stars({ legend, hear, labels, chosen, choose }: Choice) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {hear}
      <div class="stars">
        {labels.map((label, index) => (
          <label key={label} class={index < chosen ? 'lit' : ''}>
            <input
              type="radio"
              name="stars"
              value={index + 1}
              checked={chosen === index + 1}
              onChange={() => choose(index + 1)}
              aria-label={label}
            />
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d="m12 2.8 2.8 6 6.6.8-4.9 4.5 1.3 6.5-5.8-3.3-5.8 3.3 1.3-6.5L2.6 9.6l6.6-.8z" />
            </svg>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
