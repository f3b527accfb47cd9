// Words in braces are looked after, nobody approves what they wrote, and nothing is overwritten.

import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'

import { ME, service, shown } from '../../testing/service'
import { Editor } from './editor'
import type { Flow, Own, Phrase } from './parts'

const OWN: Own = {
  text: '[dua] {hospital}', sms_text: null, has_recording: false, written_by: 'user:9', made_by: ['user:9'], approved_by: null,
  approved_at: null, rejected_by: null, rejected_at: null, rejection: null,
  updated_at: '2030-01-07T09:00:00Z', version: 4,
}

function flowWith(own: Own | null, state: Phrase['state'] = 'waiting'): Flow {
  const words = { language: 'duala', text: own?.text ?? null, shipped: null, own, goes_out: null, encoding: null,
    segments: null, units: null }
  return {
    flow: 'choices_by_sms', language: 'duala', spoken: false, needs: 'words', ships: false,
    samples: { hospital: 'Hôpital Nord' },
    coverage: { flow: 'choices_by_sms', language: 'duala', phrases: 1, there: 0, approved: 0, recorded: 0,
      waiting: 0, rejected: 0, missing: ['help'], ready: false, switched_on: false, on: false },
    phrases: [{ key: 'help', about: { fr: 'Réponse à AIDE.' }, originals: {}, placeholders: ['hospital'],
      by_sms: true, spoken: false, word_list: false, state, words }],
  }
}

const answers = { shown: '', goes_out: '[dua] Hôpital Nord', encoding: 'UCS-2', segments: 1, units: 18 }

function open(flow: Flow) {
  const asked = service(({ path }) => ({ body: path.endsWith('/members') ? [] : answers }))
  shown(<Editor flow={flow} chosen="help" me={ME} />)
  return asked
}

test('a value that is missing is told, added, and saved on the version that was read', async () => {
  const asked = open(flowWith({ ...OWN, text: '[dua]' }))
  const text = screen.getByLabelText('Texte')
  await userEvent.type(text, ' ŋ')
  expect(await screen.findByText(/Il manque {hospital}/)).toBeTruthy()
  expect(screen.getByRole('button', { name: 'Enregistrer le texte' })).toHaveProperty('disabled', true)
  await userEvent.click(screen.getByRole('button', { name: 'Ajouter {hospital}' }))
  expect((text as HTMLTextAreaElement).value).toBe('[dua] ŋ {hospital}')
  await userEvent.click(screen.getByRole('button', { name: 'Enregistrer le texte' }))
  await waitFor(() => expect(asked.some((one) => one.method === 'PUT')).toBe(true))
  const sent = asked.find((one) => one.method === 'PUT')
  expect(sent?.headers.get('If-Match')).toBe('"4"')
  expect(sent?.body).toEqual({ text: '[dua] ŋ {hospital}', sms_text: null })
})

test.each([
  [['user:9'], true],
  [[`user:${ME.user.id}`], false],
  [['user:9', `user:${ME.user.id}`], false],
])('what %s made can be approved: %s', async (made_by, may) => {
  const asked = open(flowWith({ ...OWN, made_by }))
  expect(screen.queryByText(/une autre personne doit l’approuver/) === null).toBe(may)
  const approve = screen.queryByRole('button', { name: 'Approuver' })
  expect(approve !== null).toBe(may)
  if (!approve) return
  await userEvent.click(approve)
  await waitFor(() => expect(asked.some((one) => one.path.endsWith('/help/duala/approve'))).toBe(true))
  expect(asked.find((one) => one.path.endsWith('/approve'))?.headers.get('If-Match')).toBe('"4"')
})

test('what was sent back says why', async () => {
  open(flowWith({ ...OWN, rejected_by: 'user:7', rejected_at: OWN.updated_at, rejection: 'Trop long.' }, 'rejected'))
  expect(screen.getByText('Trop long.')).toBeTruthy()
})

test('whoever may only read has nothing to press', () => {
  service(() => ({ body: [] }))
  const me = { ...ME, current: { ...ME.current, role: 'viewer' as const } }
  shown(<Editor flow={flowWith(OWN)} chosen="help" me={me} />)
  expect(screen.getByText('[dua] {hospital}')).toBeTruthy()
  expect(screen.queryAllByRole('button')).toEqual([])
})
