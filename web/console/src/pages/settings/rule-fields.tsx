import { useFormat } from '../../i18n/format'
import { useHoursWords } from '../../i18n/administration'
import { useWords } from '../../i18n/words'
import { LANGUAGES, moved } from '../../logic/settings-form'
import { IconButton } from '../../ui/button'
import { Choice, OneOf, TextField, Tick } from '../../ui/field'
import { QuietHours } from './quiet-hours'
import { Card, Effect, Length, type RuleProps } from './rule-parts'

export function Quiet({ form, change, wrong }: RuleProps) {
  const say = useHoursWords().quiet
  return (
    <Card id="quiet" title={say.title}>
      <QuietHours form={form} change={change} error={wrong('quiet_hours')} none={say.none} />
    </Card>
  )
}

export function Cap({ form, change, wrong }: RuleProps) {
  const say = useHoursWords().cap
  return (
    <section className="card" aria-label={say.label}>
      <TextField
        label={say.label}
        type="number"
        inputMode="numeric"
        min={1}
        max={1000}
        value={form.cap}
        error={wrong('daily_cap')}
        onChange={(cap) => change({ cap })}
      />
      <Effect>{form.cap ? say.effect(form.cap) : say.none}</Effect>
    </section>
  )
}

export function Validity(props: RuleProps) {
  const say = useHoursWords().validity
  const format = useFormat()
  const { valid_for: valid, event_margin: margin } = props.form.lengths
  const before = (seconds: number) => (seconds === 0 ? say.atOnce : say.before(format.lasting(seconds)))
  return (
    <Card id="validity" title={say.title}>
      <Length {...props} name="valid_for" label={say.valid_for} />
      <Effect>{say.validEffect(format.lasting(valid))}</Effect>
      <Length {...props} name="event_margin" label={say.event_margin} written={before} />
      <Effect>{margin === 0 ? say.noMargin : say.marginEffect(format.lasting(margin))}</Effect>
    </Card>
  )
}

export function Languages({ form, change, wrong }: RuleProps) {
  const words = useWords()
  const say = useHoursWords().languages
  const names = words.common.patientLanguages as Record<string, string>
  const nameOf = (language: string) => names[language] ?? language
  const others = LANGUAGES.filter((language) => !form.languages.includes(language))
  const set = (languages: string[]) => change({ languages })
  return (
    <Card id="languages" title={say.title}>
      <div>
        <h3>{say.order}</h3>
        <p className="hint">{say.orderHint}</p>
      </div>
      <ol className="order">
        {form.languages.map((language, place) => (
          <li key={language}>
            <span>
              {place + 1}. {nameOf(language)}
            </span>
            <span>
              <IconButton
                name="up"
                label={say.up(nameOf(language))}
                disabled={place === 0}
                onClick={() => set(moved(form.languages, language, -1))}
              />
              <IconButton
                name="downward"
                label={say.downward(nameOf(language))}
                disabled={place === form.languages.length - 1}
                onClick={() => set(moved(form.languages, language, 1))}
              />
              <IconButton
                name="close"
                label={say.remove(nameOf(language))}
                disabled={form.languages.length === 1}
                onClick={() => set(form.languages.filter((one) => one !== language))}
              />
            </span>
          </li>
        ))}
      </ol>
      {others.length > 0 && (
        <Choice
          label={say.add}
          value=""
          options={[['', '…'], ...others.map((language) => [language, nameOf(language)] as const)]}
          error={wrong('languages')}
          onChange={(language) => language && set([...form.languages, language])}
        />
      )}
      <Tick
        label={say.fold}
        hint={form.fold ? say.foldOn : say.foldOff}
        checked={form.fold}
        onChange={(fold) => change({ fold })}
      />
    </Card>
  )
}

export function Failing(props: RuleProps) {
  const { form, change, wrong } = props
  const say = useHoursWords().failing
  const format = useFormat()
  return (
    <Card id="failing" title={say.title}>
      <Length {...props} name="receipt_window" label={say.receipt_window} />
      <Effect>{say.receiptEffect(format.lasting(form.lengths.receipt_window))}</Effect>
      <TextField
        label={say.attempts}
        type="number"
        inputMode="numeric"
        min={1}
        max={100}
        value={form.attempts}
        error={wrong('max_attempts')}
        onChange={(attempts) => change({ attempts })}
      />
      <Effect>{form.attempts ? say.attemptsEffect(form.attempts) : say.attemptsNone}</Effect>
      <div className="beside">
        <Choice
          label={say.callAgain}
          value={String(form.callAgain)}
          options={[0, 1, 2, 3, 4, 5].map((count) => [String(count), count ? say.times(count) : say.never] as const)}
          error={wrong('call_again_at_most')}
          onChange={(count) => change({ callAgain: Number(count) })}
        />
        {form.callAgain > 0 && <Length {...props} name="call_again_after" label={say.call_again_after} />}
      </div>
      <Effect>{say.callEffect(form.callAgain, format.lasting(form.lengths.call_again_after))}</Effect>
      <Tick
        label={say.escalate}
        hint={form.escalate ? say.escalateOn : say.escalateOff}
        checked={form.escalate}
        onChange={(escalate) => change({ escalate })}
      />
    </Card>
  )
}

export function Unknown(props: RuleProps) {
  const { form, change } = props
  const words = useWords()
  const say = useHoursWords().unknown
  return (
    <Card id="unknown" title={say.title}>
      <p className="soft">{say.lead}</p>
      <Length {...props} name="unknown_after" label={say.unknown_after} />
      {(['sms', 'voice', 'email'] as const).map((channel) => (
        <OneOf
          key={channel}
          label={words.common.channels[channel]}
          value={form.unknown[channel]}
          options={(['give_up', 'resend'] as const).map((one) => [one, say.choices[one]] as const)}
          onChange={(chosen) => change({ unknown: { ...form.unknown, [channel]: chosen } })}
        />
      ))}
      {[...new Set(Object.values(form.unknown))].map((choice) => (
        <Effect key={choice}>
          <strong>{say.choices[choice]}.</strong> {say.effects[choice]}
        </Effect>
      ))}
    </Card>
  )
}

export function Replies({ form, change, wrong }: RuleProps) {
  const say = useHoursWords().replies
  return (
    <Card id="replies" title={say.title}>
      <OneOf
        label={say.oneWay}
        value={form.oneWay}
        options={(['refuse', 'drop'] as const).map((one) => [one, say.oneWays[one]] as const)}
        onChange={(oneWay) => change({ oneWay })}
      />
      <div>
        <OneOf
          label={say.inbound}
          value={form.inbound}
          options={(['answer', 'call_back'] as const).map((one) => [one, say.inbounds[one]] as const)}
          onChange={(inbound) => change({ inbound })}
        />
        <Effect>{say.inboundEffects[form.inbound]}</Effect>
      </div>
      {form.inbound === 'call_back' && (
        <TextField
          label={say.callBacks}
          type="number"
          inputMode="numeric"
          min={1}
          max={10_000}
          value={form.callBacks}
          error={wrong('call_backs_per_hour')}
          onChange={(callBacks) => change({ callBacks })}
        />
      )}
      <div>
        <OneOf
          label={say.machines}
          value={form.machines}
          options={(['message', 'nothing'] as const).map((one) => [one, say.machineChoices[one]] as const)}
          onChange={(machines) => change({ machines })}
        />
        <Effect>{say.machineEffect}</Effect>
      </div>
      <Tick
        label={say.anonymous}
        hint={say.anonymousHint}
        checked={form.anonymous}
        onChange={(anonymous) => change({ anonymous })}
      />
    </Card>
  )
}

export function House({ form, change, wrong }: RuleProps) {
  const say = useHoursWords()
  const zones = [...new Set([...Intl.supportedValuesOf('timeZone'), form.zone])].sort()
  return (
    <Card id="house" title={say.house}>
      <TextField
        label={say.name}
        hint={say.nameHint}
        required
        maxLength={200}
        value={form.name}
        error={wrong('name')}
        onChange={(name) => change({ name })}
      />
      <Choice
        label={say.zone}
        hint={say.zoneHint}
        value={form.zone}
        options={zones.map((zone) => [zone, zone.replaceAll('_', ' ')] as const)}
        error={wrong('time_zone')}
        onChange={(zone) => change({ zone })}
      />
    </Card>
  )
}
