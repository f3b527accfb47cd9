import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'

import { api, got, newKey } from '../../api/client'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { Button } from '../../ui/button'
import { Dialog } from '../../ui/dialog'
import { Choice, Field, TextField, Tick } from '../../ui/field'
import { say as sayBriefly, Trouble } from '../../ui/notice'
import { useFieldProblem } from '../../ui/problem'

export type Sender = Shape<'SenderOut'>
export type Choices = Shape<'SenderChoicesOut'>
type Channel = Choices['providers'][number]['channels'][number]
type Unit = 'second' | 'minute'

export const CHANNELS: Channel[] = ['sms', 'voice', 'whatsapp', 'email']
const LONE = ''

export const useChoices = () =>
  useQuery({
    queryKey: ['senders', 'choices'],
    queryFn: ({ signal }) => got(api.GET('/api/v1/senders/choices', { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  })

export function useSenderChange(sender: Sender) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Shape<'SenderChange'>) =>
      got(api.PATCH('/api/v1/senders/{sender_id}', { params: { path: { sender_id: sender.id } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: ['senders'] }),
  })
}

interface Typed {
  channel: Channel
  provider: string
  address: string
  label: string
  receives: boolean
  rate: string
  unit: Unit
  operators: string[]
  sharesWith: string
  own: boolean
}

const NEW: Typed = {
  channel: 'sms',
  provider: '',
  address: '',
  label: '',
  receives: false,
  rate: '',
  unit: 'minute',
  operators: [],
  sharesWith: LONE,
  own: false,
}

function typedOf(sender: Sender, others: Sender[]): Typed {
  const inSeconds = sender.rate_per_second !== null && sender.rate_per_second >= 1
  const rate = inSeconds ? sender.rate_per_second : sender.rate_per_minute
  return {
    channel: sender.channel as Channel,
    provider: sender.provider,
    address: sender.address,
    label: sender.label ?? '',
    receives: sender.can_receive,
    rate: rate === null ? '' : String(rate),
    unit: inSeconds ? 'second' : 'minute',
    operators: sender.operators,
    sharesWith: String(others.find((one) => one.priority === sender.priority)?.id ?? LONE),
    own: sender.has_credentials,
  }
}

interface FormProps {
  choices: Choices
  /** Those in use; the first to be taken first. */
  all: Sender[]
  /** Null: a new one. */
  sender: Sender | null
  onDone: (sender: Sender) => void
  onTell: (sender: Sender) => void
  onRetire: (sender: Sender) => void
  onClose: () => void
}

export function SenderForm({ choices, all, sender, onDone, onTell, onRetire, onClose }: FormProps) {
  const words = useWords()
  const say = words.settings.sender
  const client = useQueryClient()
  const sharersOf = (channel: string) =>
    all.filter((one) => one.channel === channel && one.id !== sender?.id && one.active)
  const [typed, setTyped] = useState<Typed>(() => (sender ? typedOf(sender, sharersOf(sender.channel)) : NEW))
  // Of what is shown here, whatever the list learns meanwhile: nobody else's change is overwritten.
  const [version] = useState(sender?.version)
  const [account, setAccount] = useState<Record<string, string>>({})
  const change = (part: Partial<Typed>) => setTyped((before) => ({ ...before, ...part }))

  const { channel } = typed
  const fitting = choices.providers.filter((one) => one.channels.includes(channel))
  const provider = fitting.find((one) => one.name === typed.provider) ?? fitting[0]
  const others = sharersOf(channel)
  const takesAccount = provider?.own.includes(channel) ?? false
  const needsAccount = takesAccount && (provider?.needed ?? false)
  const hasAccount = takesAccount && (needsAccount || typed.own)

  const save = useMutation({
    mutationFn: () => {
      const body = {
        label: typed.label.trim() || null,
        ...rateOf(typed),
        operators: channel === 'email' ? [] : typed.operators,
        ...(channel !== 'whatsapp' && { can_receive: channel !== 'email' && typed.receives }),
        ...priorityOf(typed, sender, others),
        ...credentialsOf(account, hasAccount, sender),
      }
      return sender
        ? got(api.PATCH('/api/v1/senders/{sender_id}', {
            params: { path: { sender_id: sender.id }, header: { 'If-Match': `"${version}"` } },
            body,
          }))
        : got(api.POST('/api/v1/senders', {
            params: { header: { 'Idempotency-Key': newKey() } },
            body: { ...body, channel, address: typed.address, provider: provider?.name ?? null } as Shape<'SenderIn'>,
          }))
    },
    onSuccess: (saved) => {
      sayBriefly(sender ? say.saved : words.settings.added)
      onDone(saved)
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['senders'] }),
  })
  const wrong = useFieldProblem(save.error)
  const shown = ['channel', 'provider', 'address', 'label', 'can_receive', 'rate_per_second', 'rate_per_minute', 'operators']
  const placed = [...shown, ...(provider?.credentials ?? []).map(({ name }) => `credentials.${name}`)]
  const elsewhere = save.error && !placed.some((name) => wrong(name))

  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (!save.error) return
    // The first thing that is wrong may be far up, and what is said of it below the fold.
    const first = form.current?.querySelector<HTMLElement>('[aria-invalid], .notice.bad')
    first?.focus({ preventScroll: true })
    const field = first?.closest('.field') ?? first
    field?.scrollIntoView?.({ block: 'center' })
  }, [save.error])

  function submit(event: FormEvent) {
    event.preventDefault()
    if (!save.isPending) save.mutate()
  }

  return (
    <Dialog title={sender ? say.changeOf(sender.label ?? sender.address) : say.addTitle} onClose={onClose}>
      <form ref={form} onSubmit={submit} autoComplete="off" noValidate>
        <div className="dialog-body sender-form">
          {!sender && (
            <>
              <Choice
                label={say.channel}
                hint={say.channelHint}
                value={channel}
                options={CHANNELS.filter((one) => choices.providers.some((p) => p.channels.includes(one))).map(
                  (one) => [one, words.common.channels[one]] as const,
                )}
                error={wrong('channel')}
                onChange={(taken) => change({ channel: taken, provider: '', sharesWith: LONE, own: false })}
              />
              {fitting.length > 1 && (
                <Choice
                  label={say.provider}
                  value={provider?.name ?? ''}
                  options={fitting.map((one) => [one.name, nameOf(say.providers, one.name)] as const)}
                  error={wrong('provider')}
                  onChange={(name) => change({ provider: name, own: false })}
                />
              )}
              <TextField
                label={say.addresses[channel]}
                hint={channel === 'sms' ? say.addressHint : undefined}
                type={channel === 'email' ? 'email' : 'text'}
                inputMode={channel === 'email' ? 'email' : channel === 'sms' ? 'text' : 'tel'}
                required
                dir="ltr"
                value={typed.address}
                error={wrong('address')}
                onChange={(address) => change({ address })}
              />
            </>
          )}
          <TextField
            label={say.label}
            hint={say.labelHint}
            maxLength={80}
            value={typed.label}
            error={wrong('label')}
            onChange={(label) => change({ label })}
          />
          {(channel === 'sms' || channel === 'voice') && (
            <div>
              <Tick
                label={say.receives[channel]}
                hint={say.receivesHint[channel]}
                checked={typed.receives}
                onChange={(receives) => change({ receives })}
              />
              {wrong('can_receive') && <p className="error">{wrong('can_receive')}</p>}
            </div>
          )}
          {channel === 'whatsapp' && <p className="soft">{say.whatsappNote}</p>}
          <div className="rate">
            <TextField
              label={say.rate}
              hint={say.rateHint}
              inputMode="decimal"
              dir="ltr"
              value={typed.rate}
              error={wrong('rate_per_second') ?? wrong('rate_per_minute')}
              onChange={(rate) => change({ rate })}
            />
            <Choice
              label={say.unit}
              value={typed.unit}
              options={[
                ['minute', say.units.minute],
                ['second', say.units.second],
              ]}
              onChange={(unit) => change({ unit })}
            />
          </div>
          {channel !== 'email' && choices.operators.length > 0 && (
            <Field label={say.operators} hint={say.operatorsHint} error={wrong('operators')}>
              {(tied) => (
                <div className="ticks" role="group" {...tied} aria-label={say.operators}>
                  {choices.operators.map((name) => (
                    <Tick
                      key={name}
                      label={nameOf(say.operatorNames, name)}
                      checked={typed.operators.includes(name)}
                      onChange={(taken) =>
                        change({
                          operators: taken
                            ? [...typed.operators, name]
                            : typed.operators.filter((other) => other !== name),
                        })
                      }
                    />
                  ))}
                </div>
              )}
            </Field>
          )}
          {others.length > 0 && channel !== 'whatsapp' && (
            <Choice
              label={say.sharesWith}
              hint={say.sharesHint}
              value={typed.sharesWith}
              options={[
                [LONE, say.lone] as const,
                ...others.map((one) => [String(one.id), one.label ?? one.address] as const),
              ]}
              onChange={(sharesWith) => change({ sharesWith })}
            />
          )}
          {takesAccount && !needsAccount && (
            <Tick label={say.ownAccount} hint={say.ownAccountHint} checked={typed.own} onChange={(own) => change({ own })} />
          )}
          {hasAccount && (
            <fieldset className="account-of-its-own">
              <legend>{say.account}</legend>
              {sender?.has_credentials && <p className="soft">{say.accountKept}</p>}
              {wrong('credentials') && !placed.some((name) => name.startsWith('credentials.') && wrong(name)) && (
                <p className="error">{wrong('credentials')}</p>
              )}
              {(provider?.credentials ?? []).map(({ name, secret, required }) => (
                <TextField
                  key={name}
                  label={nameOf(say.credentials, name)}
                  hint={say.credentialHints[name as keyof typeof say.credentialHints]}
                  type={secret ? 'password' : 'text'}
                  autoComplete={secret ? 'new-password' : 'off'}
                  autoCapitalize="none"
                  spellCheck={false}
                  required={required && !sender?.has_credentials}
                  dir="ltr"
                  value={account[name] ?? ''}
                  error={wrong(`credentials.${name}`)}
                  onChange={(value) => setAccount((before) => ({ ...before, [name]: value }))}
                />
              ))}
            </fieldset>
          )}
          {sender && <Besides sender={sender} onTell={onTell} onRetire={onRetire} onDone={onClose} />}
          {elsewhere && !wrong('credentials') && <Trouble error={save.error} />}
        </div>
        <footer>
          <Button onClick={onClose}>{words.common.back}</Button>
          <Button type="submit" look="main" busy={save.isPending}>
            {sender ? say.save : say.add}
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}

interface BesidesProps {
  sender: Sender
  onTell: (sender: Sender) => void
  onRetire: (sender: Sender) => void
  onDone: () => void
}

/** What is done to a sender at once, beside what is typed. */
function Besides({ sender, onTell, onRetire, onDone }: BesidesProps) {
  const words = useWords()
  const say = words.settings.sender
  const change = useSenderChange(sender)
  return (
    <div className="besides">
      {sender.can_receive && <Button onClick={() => onTell(sender)}>{say.tell}</Button>}
      {sender.active && (
        <Button busy={change.isPending} onClick={() => change.mutate({ active: false }, { onSuccess: onDone })}>
          {words.settings.takeOut}
        </Button>
      )}
      <Button look="danger" onClick={() => onRetire(sender)}>
        {say.retire}
      </Button>
      <Trouble error={change.error} />
    </div>
  )
}

/** A name that we have words for, else the service's own. */
const nameOf = (names: Record<string, string>, name: string) => names[name] ?? name

function rateOf({ rate, unit }: Typed): Pick<Shape<'SenderChange'>, 'rate_per_second' | 'rate_per_minute'> {
  const number = rate.trim() === '' ? null : Number(rate.trim().replace(',', '.'))
  // What is no number goes as it is: the service says so, beside the field.
  const said = Number.isNaN(number) ? (rate as unknown as number) : number
  return unit === 'minute' ? { rate_per_minute: said } : { rate_per_second: said }
}

function priorityOf(typed: Typed, sender: Sender | null, others: Sender[]): { priority?: number } {
  const partner = others.find((one) => String(one.id) === typed.sharesWith)
  if (partner) return { priority: partner.priority }
  const last = Math.max(0, ...others.map((one) => one.priority))
  if (!sender) return { priority: Math.min(last + 10, 999) }
  const shared = others.some((one) => one.priority === sender.priority)
  return shared ? { priority: Math.min(sender.priority + 1, 999) } : {}
}

function credentialsOf(
  account: Record<string, string>,
  wanted: boolean,
  sender: Sender | null,
): { credentials?: Record<string, string> | null } {
  const given = Object.fromEntries(Object.entries(account).filter(([, value]) => value.trim() !== ''))
  if (!wanted) return sender?.has_credentials ? { credentials: null } : {}
  if (sender?.has_credentials && Object.keys(given).length === 0) return {}
  return { credentials: given }
}
