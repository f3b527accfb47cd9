// A patient's own times without messages: each change is sent on the version that was read.

import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'

import { service, shown } from '../../testing/service'
import OwnTimes from './own-times'
import { ChosenPatient } from './patient'

const CHRISTMAS = { day: '2000-12-25', every_year: true }
const CONTACT = { id: 7, version: 4, patient_id: 'PAT1', quiet_hours: null, holidays: [CHRISTMAS] }
const NIGHT = { ...CONTACT, quiet_hours: '21:00-06:30' }
const night = () => screen.getByRole('checkbox', { name: 'Ne rien envoyer la nuit' })
const press = (name: string | RegExp) => userEvent.click(screen.getByRole('button', { name }))

function opened(contact: unknown, onChanged: () => void = () => {}) {
  shown(<OwnTimes contact={contact as never} onChanged={onChanged} onClose={() => {}} />)
}

async function type(label: string, time: string) {
  await userEvent.clear(screen.getByLabelText(label))
  await userEvent.type(screen.getByLabelText(label), time)
}

test('a day that is added is sent with those that there are', async () => {
  const asked = service(() => ({ body: { id: 7, version: 5 } }))
  const changed = vi.fn()
  opened({ ...CONTACT, holidays: [CHRISTMAS] }, changed)
  await userEvent.type(screen.getByLabelText('Jour'), '2030-05-01')
  await press('Ajouter un jour')
  await waitFor(() => expect(changed).toHaveBeenCalledWith({ id: 7, version: 5 }))
  expect(asked[0]?.headers.get('If-Match')).toBe('"4"')
  expect(asked[0]?.body).toEqual({ holidays: [CHRISTMAS, { day: '2030-05-01', every_year: false }] })
})

test('a day that is taken out leaves the others', async () => {
  const asked = service(() => ({ body: { id: 7, version: 5 } }))
  opened(CONTACT)
  await press('Retirer 25 décembre') // of every year, so of none that is told
  await waitFor(() => expect(asked[0]?.body).toEqual({ holidays: [] }))
})

test('a day that is refused is told at the field, and what was typed stays', async () => {
  service(() => ({ status: 422, body: { code: 'value_error', field: 'holidays', detail: '…' } }))
  opened(CONTACT)
  const day = screen.getByLabelText('Jour')
  await userEvent.type(day, '2030-05-01')
  await press('Ajouter un jour')
  await waitFor(() => expect(day.getAttribute('aria-invalid')).toBe('true'))
  expect((day as HTMLInputElement).value).toBe('2030-05-01')
})

test('quiet hours are set alone, and only when they are saved', async () => {
  const asked = service(() => ({ body: { id: 7, version: 5 } }))
  const changed = vi.fn()
  opened(CONTACT, changed)
  expect(screen.queryByLabelText('De')).toBeNull()
  await userEvent.click(night())
  await type('De', '21:00')
  await type('À', '06:30')
  screen.getByText(/^Rien ne part entre 21:00 et 06:30\./)
  screen.getByText('Vos changements ne sont pas encore enregistrés.')
  expect(asked).toEqual([])
  await press('Enregistrer')
  await waitFor(() => expect(changed).toHaveBeenCalledWith({ id: 7, version: 5 }))
  expect(asked[0]?.headers.get('If-Match')).toBe('"4"')
  expect(asked[0]?.body).toEqual({ quiet_hours: '21:00-06:30' })
})

test('quiet hours that there are are shown and changed', async () => {
  const asked = service(() => ({ body: { id: 7, version: 5 } }))
  opened(NIGHT)
  expect((night() as HTMLInputElement).checked).toBe(true)
  expect((screen.getByLabelText('De') as HTMLInputElement).value).toBe('21:00')
  expect(screen.queryByText('Vos changements ne sont pas encore enregistrés.')).toBeNull()
  await type('À', '08:00')
  await press('Enregistrer')
  await waitFor(() => expect(asked[0]?.body).toEqual({ quiet_hours: '21:00-08:00' }))
})

test('without the tick there are no quiet hours any more', async () => {
  const asked = service(() => ({ body: { id: 7, version: 5 } }))
  opened(NIGHT)
  await userEvent.click(night())
  screen.getByText('Aucune qui lui soit propre : seules comptent celles de l’établissement.')
  await press('Enregistrer')
  await waitFor(() => expect(asked[0]?.body).toEqual({ quiet_hours: null }))
})

test('quiet hours that are refused are told at their field, until they are changed', async () => {
  service(() => ({ status: 422, body: { code: 'value_error', field: 'quiet_hours', detail: '…' } }))
  opened(NIGHT)
  await type('À', '21:00')
  await press('Enregistrer')
  const from = screen.getByLabelText('De')
  await waitFor(() => expect(from.getAttribute('aria-invalid')).toBe('true'))
  screen.getByText('Choisissez deux heures différentes.')
  expect(screen.getByLabelText('Jour').getAttribute('aria-invalid')).toBeNull()
  await type('À', '07:00')
  expect(from.getAttribute('aria-invalid')).toBeNull()
})

test('one change waits for the other, which makes a new version', async () => {
  const asked = service(() => 'silent')
  opened(NIGHT)
  await press('Enregistrer')
  await waitFor(() => expect(asked).toHaveLength(1))
  await userEvent.type(screen.getByLabelText('Jour'), '2030-05-01')
  await press('Ajouter un jour')
  await press(/^Retirer/)
  expect(asked).toHaveLength(1)
})

test.each([
  [CONTACT, 'Moments sans message (1 jour)'],
  [{ ...CONTACT, holidays: [] }, 'Moments sans message'],
  [{ ...NIGHT, holidays: [] }, 'Moments sans message (21:00–06:30)'],
  [{ ...NIGHT, holidays: [CHRISTMAS, CHRISTMAS] }, 'Moments sans message (21:00–06:30, 2 jours)'],
])('who is chosen is shown with their own times %#', (contact, label) => {
  shown(<ChosenPatient contact={contact as never} onChanged={() => {}} onOther={() => {}} />)
  screen.getByRole('button', { name: label })
})
