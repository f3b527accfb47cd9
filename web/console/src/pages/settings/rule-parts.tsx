// What the rules are made of.

import type { ReactNode } from 'react'

import { useFormat } from '../../i18n/format'
import { LENGTHS, type LengthName, type SettingsForm } from '../../logic/settings-form'
import { Choice } from '../../ui/field'

export interface RuleProps {
  form: SettingsForm
  change: (part: Partial<SettingsForm>) => void
  wrong: (field: string) => string | null
}

export const Card = ({ id, title, children }: { id: string; title: string; children: ReactNode }) => (
  <section className="card" aria-labelledby={id}>
    <h2 id={id}>{title}</h2>
    {children}
  </section>
)

/** What a rule does, in words. */
export const Effect = ({ children }: { children: ReactNode }) => (
  <p className="effect" aria-live="polite">
    {children}
  </p>
)

interface LengthProps extends RuleProps {
  name: LengthName
  label: string
  written?: (seconds: number) => string
}

export function Length({ form, change, wrong, name, label, written }: LengthProps) {
  const format = useFormat()
  const value = form.lengths[name]
  const offered = [...new Set([...LENGTHS[name], value])].sort((one, other) => one - other)
  return (
    <Choice
      label={label}
      value={String(value)}
      options={offered.map((seconds) => [String(seconds), (written ?? format.lasting)(seconds)] as const)}
      error={wrong(name)}
      onChange={(chosen) => change({ lengths: { ...form.lengths, [name]: Number(chosen) } })}
    />
  )
}
