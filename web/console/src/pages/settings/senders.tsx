import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api, got } from '../../api/client'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { moved, places } from '../../logic/sender-order'
import { Button, IconButton } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Ask, Dialog } from '../../ui/dialog'
import { Tick } from '../../ui/field'
import { Icon } from '../../ui/icon'
import { say as sayBriefly, Trouble } from '../../ui/notice'
import { Asked, Empty } from '../../ui/page'
import { CHANNELS, type Choices, type Sender, SenderForm, useChoices, useSenderChange } from './sender-form'

/** Our own code: the carrier has stopped answering, and said nothing. */
const NO_ANSWER = 'no_answer'

type Open = { what: 'form'; sender: Sender | null } | { what: 'retire' | 'tell'; sender: Sender } | null

const nameOf = (sender: Sender) => sender.label ?? sender.address

export default function Senders() {
  const words = useWords()
  const say = words.settings.sender
  const [retired, setRetired] = useState(false)
  const [open, setOpen] = useState<Open>(null)
  const choices = useChoices()
  const query = useQuery({
    queryKey: ['senders', { retired }],
    queryFn: ({ signal }) => got(api.GET('/api/v1/senders', { params: { query: { retired } }, signal })),
  })
  const close = () => setOpen(null)
  return (
    <>
      <div className="senders-head">
        <p className="lead">{say.lead}</p>
        <Button look="main" icon="plus" onClick={() => setOpen({ what: 'form', sender: null })}>
          {say.add}
        </Button>
      </div>
      <Trouble error={choices.error} />
      <Asked query={query}>
        {(senders) => (
          <>
            {senders.length === 0 && <Empty title={say.none}>{say.noneText}</Empty>}
            {CHANNELS.map((channel) => (
              <OnChannel key={channel} channel={channel} senders={senders.filter((one) => one.channel === channel)} onOpen={setOpen} />
            ))}
            {open?.what === 'form' && choices.data && (
              <SenderForm
                key={open.sender?.id ?? 'new'}
                choices={choices.data}
                all={senders}
                sender={open.sender}
                onClose={close}
                onDone={(saved) => setOpen(!open.sender && saved.can_receive ? { what: 'tell', sender: saved } : null)}
                onTell={(sender) => setOpen({ what: 'tell', sender })}
                onRetire={(sender) => setOpen({ what: 'retire', sender })}
              />
            )}
            {open?.what === 'retire' && <Retire sender={open.sender} all={senders} onClose={close} />}
          </>
        )}
      </Asked>
      {open?.what === 'tell' && choices.data && <Tell sender={open.sender} choices={choices.data} onClose={close} />}
      <Tick label={say.showRetired} checked={retired} onChange={setRetired} />
    </>
  )
}

interface ChannelProps {
  channel: (typeof CHANNELS)[number]
  senders: Sender[]
  onOpen: (open: Open) => void
}

function OnChannel({ channel, senders, onOpen }: ChannelProps) {
  const words = useWords()
  const say = words.settings.sender
  const client = useQueryClient()
  const arrange = useMutation({
    mutationFn: (order: number[][]) => got(api.PUT('/api/v1/senders/order', { body: { channel, order } })),
    onSuccess: () => sayBriefly(say.ordered),
    onSettled: () => client.invalidateQueries({ queryKey: ['senders'] }),
  })
  if (senders.length === 0) return null
  const inUse = senders.filter((one) => one.active)
  const order = places(inUse)
  const orders = channel !== 'whatsapp' && inUse.length > 1
  const step = (one: Sender, by: -1 | 1) => arrange.isPending || arrange.mutate(moved(inUse, one.id, by))
  return (
    <section className="card on-channel" aria-label={words.common.channels[channel]}>
      <header>
        <h2>
          <Icon name={channel} />
          {words.common.channels[channel]}
        </h2>
      </header>
      <Trouble error={arrange.error} />
      <ul className="rows">
        {[...order.flat(), ...senders.filter((one) => !one.active)].map((one) => {
          const at = order.findIndex((place) => place.includes(one))
          const shared = (order[at]?.length ?? 0) > 1
          return (
            <li key={one.id} className="row sender">
              {orders && at >= 0 ? (
                <span className="place">
                  <span aria-hidden="true">{at + 1}</span>
                  <span className="heard">{say.place(at + 1)}</span>
                </span>
              ) : (
                <span className="place none" />
              )}
              <Facts sender={one} shared={shared} />
              <State sender={one} />
              <span className="does">
                {orders && at >= 0 && (
                  <>
                    <IconButton name="up" label={say.up(nameOf(one))} disabled={at === 0 && !shared} onClick={() => step(one, -1)} />
                    <IconButton
                      name="downward"
                      label={say.down(nameOf(one))}
                      disabled={at === order.length - 1 && !shared}
                      onClick={() => step(one, 1)}
                    />
                  </>
                )}
                <Lift sender={one} />
                {!one.retired_at && (
                  <Button look="quiet" aria-label={say.changeOf(nameOf(one))} onClick={() => onOpen({ what: 'form', sender: one })}>
                    {say.change}
                  </Button>
                )}
              </span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function Facts({ sender, shared }: { sender: Sender; shared: boolean }) {
  const words = useWords()
  const say = words.settings.sender
  const providers: Record<string, string> = say.providers
  const operators: Record<string, string> = say.operatorNames
  const rate = sender.rate_per_second
  const facts = [
    providers[sender.provider] ?? sender.provider,
    sender.has_credentials && say.facts.account,
    sender.can_receive && words.settings.receives,
    sender.gives_receipts && words.settings.receipts,
    rate !== null && (rate >= 1 ? say.facts.perSecond(rate) : say.facts.perMinute(sender.rate_per_minute ?? 0)),
    sender.operators.length > 0 && say.facts.operators(sender.operators.map((name) => operators[name] ?? name).join(', ')),
    shared && say.facts.shared,
  ]
  return (
    <span className="line">
      <strong dir="auto">{nameOf(sender)}</strong>
      {sender.label && (
        <span className="soft" dir="ltr">
          {sender.address}
        </span>
      )}
      <small className="soft">{facts.filter(Boolean).join(' · ')}</small>
      {sender.suspended_at && <Suspension code={sender.suspended_code} since={sender.suspended_at} next={sender.probe_at} />}
    </span>
  )
}

function Suspension({ code, since, next }: { code: string | null; since: string; next: string | null }) {
  const { settings, deliveries } = useWords()
  const format = useFormat()
  const ahead = next !== null && format.ahead(next)
  const why =
    code === NO_ANSWER
      ? `${settings.silent(format.near(since))} ${ahead ? settings.nextTry(format.near(next)) : settings.nextTrySoon}`
      : `${settings.suspended(format.near(since))} (${deliveries.code(code ?? '?')})`
  return <small className="suspension">{why}</small>
}

function State({ sender }: { sender: Sender }) {
  const words = useWords()
  if (sender.retired_at) return <Chip>{words.settings.sender.retired}</Chip>
  if (!sender.active) return <Chip>{words.settings.inactive}</Chip>
  if (sender.suspended_at) return <Chip tone="bad">{words.settings.sender.suspended}</Chip>
  return <Chip tone="good">{words.settings.active}</Chip>
}

/** Back into use, where that is what somebody looks for; all else stands in the form. */
function Lift({ sender }: { sender: Sender }) {
  const words = useWords()
  const lift = useSenderChange(sender)
  if (sender.active && !sender.suspended_at) return null
  return (
    <>
      <Button busy={lift.isPending} onClick={() => lift.mutate(sender.active ? { suspended: false } : { active: true })}>
        {words.settings.lift}
      </Button>
      <Trouble error={lift.error} />
    </>
  )
}

function Retire({ sender, all, onClose }: { sender: Sender; all: Sender[]; onClose: () => void }) {
  const words = useWords()
  const say = words.settings.sender
  const client = useQueryClient()
  const retire = useMutation({
    mutationFn: () =>
      got(api.DELETE('/api/v1/senders/{sender_id}', {
        params: { path: { sender_id: sender.id }, header: { 'If-Match': `"${sender.version}"` } },
      })),
    onSuccess: ({ outcome }) => {
      sayBriefly(say.gone[outcome])
      onClose()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['senders'] }),
  })
  const others = all.filter((one) => one.channel === sender.channel && one.active && one.id !== sender.id)
  const channels: Record<string, string> = words.common.channels
  return (
    <Ask title={say.retireTitle(nameOf(sender))} yes={say.retire} danger busy={retire.isPending} onYes={() => retire.mutate()} onNo={onClose}>
      <p>{say.retireText}</p>
      {sender.active && others.length === 0 && (
        <p>
          <strong>{say.onlyOne(channels[sender.channel] ?? sender.channel)}</strong>
        </p>
      )}
      <Trouble error={retire.error} />
    </Ask>
  )
}

/** What the carrier must be told, so that what comes in reaches us. */
function Tell({ sender, choices, onClose }: { sender: Sender; choices: Choices; onClose: () => void }) {
  const words = useWords()
  const say = words.settings.sender
  const provider = choices.providers.find((one) => one.name === sender.provider)
  const webhooks: Record<string, string> = provider?.webhooks ?? {}
  const address = (webhooks[sender.channel] ?? '').replace('{sender_id}', String(sender.id))
  const told: Record<string, string> = say.tellText
  return (
    <Dialog title={say.tellTitle(nameOf(sender))} onClose={onClose}>
      <div className="dialog-body">
        <p>{told[sender.provider]}</p>
        <p className="webhook" dir="ltr">
          {address}
        </p>
      </div>
      <footer>
        <Button look="main" onClick={onClose}>
          {words.common.close}
        </Button>
      </footer>
    </Dialog>
  )
}
