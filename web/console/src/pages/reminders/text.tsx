import { useQuery } from '@tanstack/react-query'

import { useWords } from '../../i18n/words'
import { placeholders } from '../../logic/reminder-form'
import { Choice, OneOf, TextArea, TextField } from '../../ui/field'
import type { CheckedPartProps } from './parts'
import { readTemplates, textIn } from './templates'

export function MessageFields({ form, change, wrong, languages }: CheckedPartProps & { languages: string[] }) {
  const words = useWords()
  const say = words.reminders.form
  const names: Record<string, string> = words.common.patientLanguages
  return (
    <>
      <OneOf
        label={say.source}
        quietLabel
        value={form.source}
        options={(['own', 'template'] as const).map((source) => [source, say.sources[source]] as const)}
        onChange={(source) => change({ source })}
      />
      {form.source === 'own' ? (
        <TextArea
          label={say.message}
          hint={say.messageHint}
          value={form.message}
          maxLength={1600}
          rows={5}
          error={wrong('message')}
          onChange={(message) => change({ message })}
        />
      ) : (
        <TemplateFields form={form} change={change} wrong={wrong} />
      )}
      <Choice
        label={say.language}
        value={form.language}
        options={[['', say.languageOf], ...languages.map((one) => [one, names[one] ?? one] as const)]}
        error={wrong('language')}
        onChange={(language) => change({ language })}
      />
    </>
  )
}

function TemplateFields({ form, change, wrong }: CheckedPartProps) {
  const say = useWords().reminders.form
  const labels: Record<string, string> = say.parameter
  const names: Record<string, string> = say.templates
  const query = useQuery({ queryKey: ['templates'], queryFn: readTemplates, staleTime: 600_000 })
  const templates = query.data ?? []
  return (
    <>
      <Choice
        label={say.template}
        value={form.template}
        options={[['', say.chooseTemplate], ...templates.map((one) => [one.name, names[one.name] ?? one.name] as const)]}
        error={wrong('template') ?? wrong('parameters')}
        onChange={(name) => {
          const chosen = templates.find((one) => one.name === name)
          const needed = chosen ? placeholders(textIn(chosen, '')) : []
          change({
            template: name,
            parameters: Object.fromEntries(needed.map((word) => [word, form.parameters[word] ?? ''])),
          })
        }}
      />
      <div className="beside">
        {Object.entries(form.parameters).map(([word, value]) => (
          <TextField
            key={word}
            label={labels[word] ?? word}
            value={value}
            maxLength={200}
            onChange={(typed) => change({ parameters: { ...form.parameters, [word]: typed } })}
          />
        ))}
      </div>
    </>
  )
}
