// The hospital's usual words as a beginning. What is the same for everybody is filled in here, what
// differs by recipient is a place that a column fills, and all of it can be changed.

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { asked, likely, type Source, writtenFrom } from '../../logic/campaign-form'
import { Button } from '../../ui/button'
import { Choice, TextField } from '../../ui/field'
import { Trouble } from '../../ui/notice'
import { readTemplates } from '../reminders/templates'

type Template = Shape<'TemplateOut'>

interface Props {
  texts: Record<string, string>
  write: (texts: Record<string, string>) => void
  sources: Source[]
}

/** The same for everybody, or the name of a column's value. */
const SAME = ''

export function FromTemplate({ texts, write, sources }: Props) {
  const words = useWords()
  const say = words.bulk.message
  const { templates: names, parameter: labels, chooseTemplate } = words.reminders.form
  const query = useQuery({ queryKey: ['templates'], queryFn: readTemplates, staleTime: 600_000 })
  const [chosen, choose] = useState<Template | null>(null)
  const [values, setValues] = useState<Record<string, string>>({})
  const [columns, setColumns] = useState<Record<string, string>>({})
  const templates = query.data ?? []
  const places = chosen ? asked(chosen) : []
  const columnOf = (place: string) => columns[place] ?? likely(place, sources)?.name ?? SAME
  const own = Object.fromEntries(places.flatMap((place) => (columnOf(place) ? [[place, columnOf(place)]] : [])))
  const same = places.filter((place) => !(place in own))
  const written = Object.values(texts).some((text) => text.trim())
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
          {places.map((place) => (
            <div key={place} className="beside">
              {sources.length > 0 && (
                <Choice
                  label={wordFor(labels, place)}
                  value={columnOf(place)}
                  options={[[SAME, say.sameForAll], ...sources.map(({ name, label }) => [name, say.column(label)] as const)]}
                  onChange={(name) => setColumns({ ...columns, [place]: name })}
                />
              )}
              {same.includes(place) && (
                <TextField
                  label={sources.length > 0 ? say.forAll(wordFor(labels, place)) : wordFor(labels, place)}
                  value={values[place] ?? ''}
                  maxLength={200}
                  autoComplete="off"
                  onChange={(value) => setValues({ ...values, [place]: value })}
                />
              )}
            </div>
          ))}
          <Button
            disabled={same.some((place) => !values[place]?.trim())}
            onClick={() => write({ ...texts, ...writtenFrom(chosen, pick(values, same), own) })}
          >
            {written ? say.replaceTexts : say.writeTexts}
          </Button>
        </>
      )}
    </details>
  )
}

const pick = (values: Record<string, string>, names: string[]) =>
  Object.fromEntries(names.map((name) => [name, values[name] ?? '']))
