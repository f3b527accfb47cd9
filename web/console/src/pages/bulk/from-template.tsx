// The hospital's usual words as a beginning: what is the same for everybody is filled in here, what
// differs by recipient stays in braces, and all of it can be changed.

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { asked, writtenFrom } from '../../logic/campaign-form'
import { Button } from '../../ui/button'
import { Choice, TextField } from '../../ui/field'
import { Trouble } from '../../ui/notice'
import { readTemplates } from '../reminders/templates'
import type { StepProps } from './draft'

export function FromTemplate({ form, change }: Pick<StepProps, 'form' | 'change'>) {
  const words = useWords()
  const say = words.bulk.message
  const { templates: names, parameter: labels, chooseTemplate } = words.reminders.form
  const query = useQuery({ queryKey: ['templates'], queryFn: readTemplates, staleTime: 600_000 })
  const [chosen, choose] = useState<Shape<'TemplateOut'> | null>(null)
  const [values, setValues] = useState<Record<string, string>>({})
  const templates = query.data ?? []
  const places = chosen ? asked(chosen) : []
  const written = Object.values(form.texts).some((text) => text.trim())
  const wordFor = (known: Record<string, string>, name: string) => known[name] ?? name
  return (
    <details className="from-template">
      <summary>{say.fromTemplate}</summary>
      <Trouble error={query.error} again={() => void query.refetch()} />
      <Choice
        label={words.reminders.form.template}
        value={chosen?.name ?? ''}
        options={[['', chooseTemplate], ...templates.map(({ name }) => [name, wordFor(names, name)] as const)]}
        onChange={(name) => choose(templates.find((one) => one.name === name) ?? null)}
      />
      {chosen && (
        <>
          <div className="beside">
            {places.map((place) => (
              <TextField
                key={place}
                label={wordFor(labels, place)}
                value={values[place] ?? ''}
                maxLength={200}
                autoComplete="off"
                onChange={(value) => setValues({ ...values, [place]: value })}
              />
            ))}
          </div>
          <Button
            disabled={places.some((place) => !values[place]?.trim())}
            onClick={() => change({ texts: { ...form.texts, ...writtenFrom(chosen, values) } })}
          >
            {written ? say.replaceTexts : say.writeTexts}
          </Button>
        </>
      )}
    </details>
  )
}
