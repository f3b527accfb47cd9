import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

import { api, got, newKey } from '../../api/client'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { type Me, may } from '../../session/session'
import { Button } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Dialog } from '../../ui/dialog'
import { TextField } from '../../ui/field'
import { Trouble } from '../../ui/notice'
import { Asked, Empty } from '../../ui/page'

export default function Devices({ me }: { me: Me }) {
  const words = useWords()
  const say = words.settings
  const format = useFormat()
  const client = useQueryClient()
  const [name, setName] = useState('')
  const states: Record<string, string> = say.deviceStates
  const again = () => client.invalidateQueries({ queryKey: ['devices'] })
  const query = useQuery({
    queryKey: ['devices'],
    queryFn: ({ signal }) => got(api.GET('/api/v1/devices', { params: { query: { limit: 200 } }, signal })),
  })
  const add = useMutation({
    mutationFn: () =>
      got(api.POST('/api/v1/devices', { body: { name }, params: { header: { 'Idempotency-Key': newKey() } } })),
    onSuccess: () => setName(''),
    onSettled: again,
  })
  const revoke = useMutation({
    mutationFn: (id: number) =>
      got(api.POST('/api/v1/devices/{device_id}/revoke', {
        params: { path: { device_id: id }, header: { 'Idempotency-Key': newKey() } },
      })),
    onSettled: again,
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    if (!add.isPending) add.mutate()
  }
  return (
    <>
      <form className="card add" onSubmit={submit}>
        <TextField label={say.deviceName} required value={name} onChange={setName} />
        <Button type="submit" icon="plus" busy={add.isPending}>
          {say.addDevice}
        </Button>
        <Trouble error={add.error ?? revoke.error} />
      </form>
      <Asked query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={say.empty} />
          ) : (
            <ul className="rows">
              {items.map((one) => (
                <li key={one.id} className="row">
                  <span className="line">
                    <strong dir="auto">{one.name}</strong>
                    <small className="soft">{format.moment(one.enrolled_at ?? one.created_at)}</small>
                  </span>
                  <Chip tone={one.status === 'enrolled' ? 'good' : 'calm'}>{states[one.status] ?? one.status}</Chip>
                  {may(me, 'admin') && one.status !== 'revoked' && (
                    <Button look="quiet" onClick={() => revoke.mutate(one.id)}>
                      {say.revoke}
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Asked>
      {add.data && (
        <Dialog title={add.data.name} onClose={() => add.reset()}>
          <div className="dialog-body">
            <p>{say.deviceCode}</p>
            <p className="device-code" dir="ltr">
              {add.data.code}
            </p>
            <p className="soft">{say.deviceUntil(format.time(add.data.code_expires_at))}</p>
          </div>
        </Dialog>
      )}
    </>
  )
}
