// A reminder is done once the carrier has its message; what would stand in for it can still be stopped.

import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'

import { ME, service, shown } from '../../testing/service'
import ReminderDetail, { type Reminder } from './detail'

const SENT = {
  id: 1,
  channel: 'sms',
  status: 'sent',
  valid_until: '2099-01-01T00:00:00Z',
  occurrence: '2026-11-20T09:00:00Z',
  due_at: '2026-11-20T09:00:00Z',
  attempt: 1,
  error_code: null,
  events: [],
}
const DONE = {
  id: 5,
  patient_id: 'PAT1',
  message: 'À lundi.',
  language: 'french',
  status: 'done',
  scheduled_time: '2026-11-20T09:00:00Z',
  channels: ['sms', 'email'],
  valid_for: 86400,
  version: 3,
  next_occurrences: [],
  omissions: [],
  deliveries: [SENT],
} as unknown as Reminder

async function opened(reminder: Partial<Reminder>) {
  let now = { ...DONE, ...reminder }
  const asked = service(({ method, path }) => {
    if (method === 'POST' && path.endsWith('/cancel')) {
      now = { ...now, cancelled_at: '2026-11-20T09:05:00Z' }
      return { body: { ...now, cancelled: 0, already_with_carrier: 1 } }
    }
    return { body: now }
  })
  shown(<ReminderDetail id={5} me={ME} />)
  await screen.findByText('À lundi.')
  return asked
}

const cancel = () => screen.queryByRole('button', { name: 'Annuler le rappel' })

test('what was sent is kept from going by another channel, and says so', async () => {
  const asked = await opened({})
  expect(screen.queryByRole('button', { name: 'Modifier le rappel' })).toBeNull()
  await userEvent.click(cancel()!)
  await userEvent.click(screen.getByRole('button', { name: 'Oui, annuler' }))
  await screen.findByText('Annulé')
  expect(screen.getAllByText('Rien d’autre ne partira.')).not.toHaveLength(0)
  expect(cancel()).toBeNull()
  expect(asked.filter((one) => one.method === 'POST').map((one) => one.path)).toEqual(['/api/v1/reminders/5/cancel'])
})

test.each([
  ['it has arrived', { deliveries: [{ ...SENT, status: 'delivered' }] }],
  ['no other channel is left', { channels: ['sms'] }],
  ['it is not valid any more', { deliveries: [{ ...SENT, valid_until: '2026-11-20T10:00:00Z' }] }],
  ['it was cancelled', { status: 'scheduled', cancelled_at: '2026-11-20T09:05:00Z' }],
])('nothing is offered where nothing may follow: %s', async (_why, reminder) => {
  await opened(reminder as Partial<Reminder>)
  expect(cancel()).toBeNull()
})
