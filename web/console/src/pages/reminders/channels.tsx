import { useWords } from '../../i18n/words'
import { CHANNELS, type ChannelName } from '../../logic/reminder-form'
import { IconButton } from '../../ui/button'
import { OneOf, Tick } from '../../ui/field'

interface Props {
  channels: ChannelName[]
  onChange: (channels: ChannelName[]) => void
}

/** Which channels, and in which order they take over from each other. Buttons, not dragging. */
export function ChannelOrder({ channels, onChange }: Props) {
  const words = useWords()
  const say = words.reminders.form
  const names = words.common.channels

  function move(channel: ChannelName, by: number) {
    const order = channels.filter((one) => one !== channel)
    order.splice(channels.indexOf(channel) + by, 0, channel)
    onChange(order)
  }

  const shown = [...channels, ...CHANNELS.filter((channel) => !channels.includes(channel))]
  return (
    <div>
      <p className="hint">{say.howHint}</p>
      <ol className="order">
        {shown.map((channel) => {
          const place = channels.indexOf(channel)
          const taken = place >= 0
          return (
            <li key={channel}>
              <Tick
                label={taken && channels.length > 1 ? `${place + 1}. ${names[channel]}` : names[channel]}
                checked={taken}
                disabled={taken && channels.length === 1}
                onChange={(wanted) =>
                  onChange(wanted ? [...channels, channel] : channels.filter((one) => one !== channel))
                }
              />
              {taken && channels.length > 1 && (
                <span>
                  <IconButton
                    name="up"
                    label={say.up(names[channel])}
                    disabled={place === 0}
                    onClick={() => move(channel, -1)}
                  />
                  <IconButton
                    name="downward"
                    label={say.downward(names[channel])}
                    disabled={place === channels.length - 1}
                    onClick={() => move(channel, 1)}
                  />
                </span>
              )}
            </li>
          )
        })}
      </ol>
    </div>
  )
}

interface ChoiceProps {
  label: string
  /** Null: as the establishment does. */
  channels: ChannelName[] | null
  onChange: (channels: ChannelName[] | null) => void
  quietLabel?: boolean
}

export function ChannelChoice({ label, channels, onChange, quietLabel = false }: ChoiceProps) {
  const say = useWords().reminders.form
  return (
    <>
      <OneOf
        label={label}
        quietLabel={quietLabel}
        value={channels ? 'own' : 'usual'}
        options={[
          ['usual', say.byDefault],
          ['own', say.ownOrder],
        ]}
        onChange={(value) => onChange(value === 'own' ? ['sms'] : null)}
      />
      {channels && <ChannelOrder channels={channels} onChange={onChange} />}
    </>
  )
}
