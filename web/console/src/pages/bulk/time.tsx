import { useState } from 'react'

import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { FASTEST, rateOf, VALIDITIES } from '../../logic/campaign-form'
import { localDay } from '../../logic/format'
import { Choice, OneOf, TextField } from '../../ui/field'
import type { StepProps } from './draft'

interface Props extends StepProps {
  zone: string
  /** How many people; null when that is not known here. */
  count: number | null
}

export function TimeStep({ form, change, wrong, zone, count }: Props) {
  const words = useWords()
  const say = words.bulk.time
  const format = useFormat()
  const [today] = useState(() => localDay(new Date(), zone))
  const rate = rateOf(form)
  const lengths = [...new Set([...VALIDITIES, form.validFor])].sort((one, other) => one - other)
  return (
    <>
      <OneOf
        label={say.start}
        value={form.now ? 'now' : 'later'}
        options={[
          ['now', say.now],
          ['later', say.later],
        ]}
        onChange={(when) => change({ now: when === 'now' })}
      />
      {!form.now && (
        <div className="beside">
          <TextField
            label={words.reminders.form.date}
            type="date"
            min={today}
            value={form.date}
            error={wrong('scheduled_time')}
            onChange={(date) => change({ date })}
          />
          <TextField
            label={words.reminders.form.time}
            type="time"
            value={form.time}
            onChange={(time) => change({ time })}
          />
        </div>
      )}
      <div className="beside">
        <Choice
          label={say.validFor}
          hint={say.validForHint}
          value={String(form.validFor)}
          options={lengths.map((length) => [String(length), format.lasting(length)] as const)}
          error={wrong('valid_for')}
          onChange={(length) => change({ validFor: Number(length) })}
        />
        <TextField
          label={say.rate}
          type="number"
          inputMode="numeric"
          min={1}
          max={FASTEST}
          hint={
            rate && count
              ? say.rateHint(count, format.number(count), format.lasting(Math.max(60, (count / rate) * 60)))
              : undefined
          }
          value={form.rate}
          error={rate === null ? say.rateWrong : wrong('rate_per_minute')}
          onChange={(typed) => change({ rate: typed })}
        />
      </div>
    </>
  )
}
