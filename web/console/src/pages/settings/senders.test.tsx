// Senders as an administrator keeps them: put into order, entered, wrong fields told where they are.

import { fireEvent, screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'

import { moved, places } from '../../logic/sender-order'
import { service, shown } from '../../testing/service'
import { type Choices, type Sender, SenderForm } from './sender-form'
import Senders from './senders'

const ONE: Sender = {
  id: 1,
  channel: 'sms',
  address: '+237650000001',
  provider: 'twilio',
  label: 'Accueil',
  can_receive: true,
  gives_receipts: false,
  rate_per_second: null,
  rate_per_minute: null,
  priority: 10,
  operators: [],
  has_credentials: false,
  active: true,
  retired_at: null,
  suspended_at: null,
  suspended_code: null,
  probe_at: null,
  version: 4,
}
const OTHER = { ...ONE, id: 2, address: 'HOPITAL', label: null, priority: 20, can_receive: false }
const CHOICES: Choices = {
  operators: ['mtn'],
  providers: [
    {
      name: 'android',
      channels: ['sms'],
      own: ['sms'],
      needed: true,
      webhooks: { sms: 'https://h.example/webhooks/android/{sender_id}' },
      credentials: [{ name: 'password', secret: true, required: true, hint: '' }],
    },
  ],
}

const answering = (post: { status?: number; body?: unknown }) =>
  service(({ method, path }) => {
    if (path.endsWith('/choices')) return { body: CHOICES }
    return method === 'GET' || method === 'PUT' ? { body: [ONE, OTHER] } : post
  })

test('one goes up or down past its neighbours, and out of a place that it shares', () => {
  const three = [ONE, OTHER, { ...OTHER, id: 3 }]
  expect(places(three).map((place) => place.map((one) => one.id))).toEqual([[1], [2, 3]])
  expect(moved(three, 1, 1)).toEqual([[2, 3], [1]])
  expect(moved(three, 3, -1)).toEqual([[1], [3], [2]])
  expect(moved(three, 2, 1)).toEqual([[1], [3], [2]])
  expect(moved(three, 1, -1)).toEqual([[1], [2, 3]])
})

test('the order of a channel is sent whole', async () => {
  const asked = answering({})
  shown(<Senders />)
  fireEvent.click(await screen.findByRole('button', { name: 'Monter HOPITAL' }))
  await waitFor(() => expect(asked.find((one) => one.method === 'PUT')?.body).toEqual({ channel: 'sms', order: [[2], [1]] }))
})

test('a carrier that does not answer is told of: since when, and when it is tried next', async () => {
  const today = (time: string) => `${new Date().toISOString().slice(0, 10)}T${time}:00Z`
  const silent = { ...ONE, suspended_at: '2026-01-05T09:00:00Z', suspended_code: 'no_answer' }
  service(({ path }) => {
    if (path.endsWith('/choices')) return { body: CHOICES }
    const later = { ...silent, id: 2, channel: 'voice', probe_at: '2999-01-05T10:30:00Z' }
    const refused = { ...ONE, id: 3, channel: 'email', suspended_at: today('00:00'), suspended_code: '401' }
    return { body: [{ ...silent, probe_at: '2026-01-05T09:01:00Z' }, later, refused] }
  })
  shown(<Senders />)
  const told = await screen.findAllByText(/L’opérateur ne répond plus depuis .*5 janv.*10:00/)
  expect(told).toHaveLength(2)
  expect(told[0]?.textContent).toMatch(/Prochain essai : avec le prochain message\.$/)
  expect(told[1]?.textContent).toMatch(/Prochain essai : .*11:30\.$/)
  expect(screen.getByText(/Suspendu par l’opérateur .*401/)).toBeTruthy()
})

test('what is wrong stands at its field, and nothing that was typed is lost', async () => {
  const asked = answering({ status: 422, body: { code: 'credential_invalid', field: 'credentials.password', detail: '…' } })
  const nothing = () => {}
  shown(
    <SenderForm
      choices={CHOICES}
      all={[ONE, OTHER]}
      sender={null}
      onDone={nothing}
      onTell={nothing}
      onRetire={nothing}
      onClose={nothing}
    />,
  )
  const typed = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } })
  typed('Numéro ou nom', '690000001')
  typed('Débit maximal', '20')
  typed('Mot de passe', 'river')
  fireEvent.submit(document.querySelector('form') as HTMLFormElement)
  await screen.findByText('Ce n’est pas ce qu’il faut : voyez l’indication.')
  const password = screen.getByLabelText('Mot de passe')
  expect(password.getAttribute('aria-invalid')).toBe('true')
  expect(document.activeElement).toBe(password)
  expect((screen.getByLabelText('Numéro ou nom') as HTMLInputElement).value).toBe('690000001')
  expect(asked.find((one) => one.method === 'POST')?.body).toMatchObject({
    channel: 'sms',
    provider: 'android',
    address: '690000001',
    rate_per_minute: 20,
    priority: 30,
    credentials: { password: 'river' },
  })
})

test('the only one on its channel is not given up without a word', async () => {
  const asked = service(({ path, method }) => {
    if (path.endsWith('/choices')) return { body: CHOICES }
    return { body: method === 'DELETE' ? { id: 1, outcome: 'retired' } : [ONE] }
  })
  shown(<Senders />)
  fireEvent.click(await screen.findByRole('button', { name: 'Modifier Accueil' }))
  fireEvent.click(await screen.findByRole('button', { name: 'Retirer' }))
  await screen.findByText(/C’est le seul expéditeur en service/)
  expect(asked.every((one) => one.method === 'GET')).toBe(true)
  fireEvent.click(screen.getByRole('button', { name: 'Retirer' }))
  await waitFor(() => expect(asked.find((one) => one.method === 'DELETE')?.headers.get('If-Match')).toBe('"4"'))
})
