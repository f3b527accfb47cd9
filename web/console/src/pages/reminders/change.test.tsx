// Two at one reminder: the second is told, keeps what they wrote, and overwrites nothing.

import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'

import { service, shown } from '../../testing/service'
import { ChangeReminder } from './change'
import type { Reminder } from './detail'

const REMINDER = {
  id: 5,
  message: 'Première version.',
  scheduled_time: '2030-01-07T09:00:00Z',
  event_time: null,
  version: 3,
} as Reminder

test('a change names the version that it was made on, and only what was changed', async () => {
  const asked = service(() => ({ body: { ...REMINDER, version: 4 } }))
  const closed = vi.fn()
  shown(<ChangeReminder reminder={REMINDER} zone="Africa/Douala" onClose={closed} />)
  await userEvent.clear(screen.getByLabelText('Heure'))
  await userEvent.type(screen.getByLabelText('Heure'), '11:30')
  await userEvent.click(screen.getByRole('button', { name: 'Enregistrer' }))
  await waitFor(() => expect(closed).toHaveBeenCalled())
  expect(asked[0]?.headers.get('If-Match')).toBe('"3"')
  expect(asked[0]?.body).toEqual({ scheduled_time: '2030-01-07T11:30:00' })
})

test('whoever is second is told, and what they wrote stays', async () => {
  const asked = service(() => ({ status: 409, body: { code: 'changed_meanwhile', detail: '…' } }))
  shown(<ChangeReminder reminder={{ ...REMINDER, id: 6 }} zone="Africa/Douala" onClose={() => {}} />)
  const text = screen.getByLabelText('Message')
  await userEvent.clear(text)
  await userEvent.type(text, 'De la seconde.')
  await userEvent.click(screen.getByRole('button', { name: 'Enregistrer' }))
  await screen.findByText(/Quelqu’un d’autre a modifié ceci/)
  expect((text as HTMLTextAreaElement).value).toBe('De la seconde.')
  expect(screen.getByRole('button', { name: 'Enregistrer' })).toHaveProperty('disabled', true)
  expect(asked).toHaveLength(1)
})
