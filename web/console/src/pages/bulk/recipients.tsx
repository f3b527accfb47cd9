import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { KINDS } from '../../logic/campaign-form'
import { Choice, OneOf, TextField } from '../../ui/field'
import { Notice } from '../../ui/notice'
import { Asked } from '../../ui/page'
import { useFilterCount } from './audience'
import type { StepProps } from './draft'
import { FileFields } from './file'

export function RecipientsStep({ form, change, wrong }: StepProps) {
  const say = useWords().bulk.who
  return (
    <>
      <OneOf
        label={say.source}
        quietLabel
        value={form.source}
        options={(['file', 'filter'] as const).map((source) => [source, say.sources[source]] as const)}
        onChange={(source) => change({ source })}
      />
      {form.source === 'file' ? (
        <FileFields form={form} change={change} wrong={wrong} />
      ) : (
        <FilterFields form={form} change={change} wrong={wrong} />
      )}
    </>
  )
}

function FilterFields({ form, change }: StepProps) {
  const words = useWords()
  const say = words.bulk.who
  const format = useFormat()
  const query = useFilterCount(form)
  const languages = Object.entries(words.common.patientLanguages)
  return (
    <>
      <div className="filters">
        <Choice
          label={say.kind}
          value={form.kind}
          options={[['', words.common.all], ...KINDS.map((kind) => [kind, say.kinds[kind]] as const)]}
          onChange={(kind) => change({ kind })}
        />
        <Choice
          label={say.language}
          value={form.language}
          options={[['', words.common.allFeminine], ...languages]}
          onChange={(language) => change({ language })}
        />
        <Choice
          label={say.reach}
          value={form.reach}
          options={[
            ['', words.common.all],
            ['phone', say.reaches.phone],
            ['email', say.reaches.email],
          ]}
          onChange={(reach) => change({ reach })}
        />
        <TextField label={say.since} type="date" value={form.since} onChange={(since) => change({ since })} />
        <TextField
          label={say.until}
          type="date"
          min={form.since}
          value={form.until}
          onChange={(until) => change({ until })}
        />
      </div>
      <Asked query={query} lines={1}>
        {({ contacts }) => (
          <Notice tone={contacts > 0 ? 'good' : 'warn'}>
            <p>
              <strong>{say.audience(contacts, format.number(contacts))}</strong>
            </p>
            <p>{say.audienceFixed}</p>
          </Notice>
        )}
      </Asked>
    </>
  )
}
