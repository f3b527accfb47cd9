import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'

import { api, got } from '../../api/client'
import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { Button } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Trouble } from '../../ui/notice'
import { Asked } from '../../ui/page'

export default function Senders() {
  const words = useWords()
  const say = words.settings
  const format = useFormat()
  const client = useQueryClient()
  const channels: Record<string, string> = words.common.channels
  const query = useQuery({
    queryKey: ['senders'],
    queryFn: ({ signal }) => got(api.GET('/api/v1/senders', { signal })),
  })
  const change = useMutation({
    mutationFn: ({ id, body }: { id: number; body: Shape<'SenderChange'> }) =>
      got(api.PATCH('/api/v1/senders/{sender_id}', { params: { path: { sender_id: id } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: ['senders'] }),
  })
  const act = (id: number, body: Shape<'SenderChange'>) => change.mutate({ id, body })
  return (
    <>
      <Trouble error={change.error} />
      <Asked query={query}>
        {(senders) => (
          <ul className="rows">
            {senders.map((one) => (
              <li key={one.id} className="row">
                <span className="line">
                  <strong dir="ltr">{one.address}</strong>
                  <small className="soft">
                    {[channels[one.channel] ?? one.channel, one.can_receive && say.receives, one.gives_receipts && say.receipts]
                      .filter(Boolean)
                      .join(' · ')}
                  </small>
                  {one.suspended_at && <small>{say.suspended(format.near(one.suspended_at))}</small>}
                </span>
                <Chip tone={!one.active ? 'calm' : one.suspended_at ? 'bad' : 'good'}>
                  {one.active && !one.suspended_at ? say.active : say.inactive}
                </Chip>
                {one.suspended_at ? (
                  <Button onClick={() => act(one.id, { suspended: false })}>{say.lift}</Button>
                ) : (
                  <Button look="quiet" onClick={() => act(one.id, { active: !one.active })}>
                    {one.active ? say.takeOut : say.lift}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Asked>
    </>
  )
}
