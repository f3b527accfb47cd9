// A patient's own days without messages: the whole list is sent, on the version that was read.

import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'

import { service, shown } from '../../testing/service'
import OwnDays from './own-days'

const CHRISTMAS = { day: '2000-12-25', every_year: true }
const CONTACT = { id: 7, version: 4, patient_id: 'PAT1', holidays: [CHRISTMAS] } as never

test('a day that is added is sent with those that there are', async () => {
  const asked = service(() => ({ body: { id: 7, version: 5 } }))
  const changed = vi.fn()
  shown(<OwnDays contact={CONTACT} onChanged={changed} onClose={() => {}} />)
  await userEvent.type(screen.getByLabelText('Jour'), '2030-05-01')
  await userEvent.click(screen.getByRole('button', { name: 'Ajouter un jour' }))
  await waitFor(() => expect(changed).toHaveBeenCalledWith({ id: 7, version: 5 }))
  expect(asked[0]?.headers.get('If-Match')).toBe('"4"')
  expect(asked[0]?.body).toEqual({ holidays: [CHRISTMAS, { day: '2030-05-01', every_year: false }] })
})

test('a day that is taken out leaves the others', async () => {
  const asked = service(() => ({ body: { id: 7, version: 5 } }))
  shown(<OwnDays contact={CONTACT} onChanged={() => {}} onClose={() => {}} />)
  await userEvent.click(screen.getByRole('button', { name: /^Retirer/ }))
  await waitFor(() => expect(asked[0]?.body).toEqual({ holidays: [] }))
})

test('what is refused is told at the field, and what was typed stays', async () => {
  service(() => ({ status: 422, body: { code: 'value_error', field: 'holidays', detail: '…' } }))
  shown(<OwnDays contact={CONTACT} onChanged={() => {}} onClose={() => {}} />)
  const day = screen.getByLabelText('Jour')
  await userEvent.type(day, '2030-05-01')
  await userEvent.click(screen.getByRole('button', { name: 'Ajouter un jour' }))
  await waitFor(() => expect(day.getAttribute('aria-invalid')).toBe('true'))
  expect((day as HTMLInputElement).value).toBe('2030-05-01')
})
