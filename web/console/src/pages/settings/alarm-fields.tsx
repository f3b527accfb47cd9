// From which figures on the administrators are told.

import { useFormat } from '../../i18n/format'
import { useHoursWords } from '../../i18n/administration'
import { SHARES } from '../../logic/settings-form'
import { Choice, TextField } from '../../ui/field'
import { Card, Effect, Length, type RuleProps } from './rule-parts'

const MOST = 100_000

export function Alarms(props: RuleProps) {
  const { form, change, wrong } = props
  const { alarms, lengths } = form
  const say = useHoursWords().alarms
  const format = useFormat()
  const set = (part: Partial<typeof alarms>) => change({ alarms: { ...alarms, ...part } })
  const shares = [...new Set([...SHARES, alarms.share])].sort((one, other) => one - other)
  const count = { type: 'number', inputMode: 'numeric', min: 1, max: MOST, required: true } as const
  return (
    <Card id="alarms" title={say.title}>
      <p className="soft">{say.lead}</p>
      <div className="beside">
        <Choice
          label={say.share}
          value={String(alarms.share)}
          options={shares.map((share) => [String(share), format.percent(share)] as const)}
          error={wrong('alarm_failing_share')}
          onChange={(share) => set({ share: Number(share) })}
        />
        <Length {...props} name="alarm_window" label={say.window} />
        <TextField
          {...count}
          label={say.ended}
          value={alarms.ended}
          error={wrong('alarm_failing_count')}
          onChange={(ended) => set({ ended })}
        />
      </div>
      <Effect>{say.failing(format.percent(alarms.share), format.lasting(lengths.alarm_window), alarms.ended)}</Effect>
      <Length {...props} name="alarm_late_after" label={say.late} />
      <Effect>{say.lateEffect(format.lasting(lengths.alarm_late_after))}</Effect>
      <div className="beside">
        <TextField
          {...count}
          label={say.unknown}
          value={alarms.unknown}
          error={wrong('alarm_unknown_count')}
          onChange={(unknown) => set({ unknown })}
        />
        <Length {...props} name="alarm_unknown_after" label={say.unknownAfter} />
      </div>
      <Effect>{say.unknownEffect(alarms.unknown, format.lasting(lengths.alarm_unknown_after))}</Effect>
    </Card>
  )
}
