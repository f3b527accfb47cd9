import { screen } from '@testing-library/react'
import { expect, test } from 'vitest'

import { ME, service, shown } from '../../testing/service'
import { History } from './history'

const AT = '2030-01-07T09:00:00Z'
const STEPS = [
  { at: AT, action: 'received', actor: null },
  { at: AT, action: 'change', actor: 'user:7', changes: [{ field: 'assigned_to', before: null, after: 9 }] },
  { at: AT, action: 'change', actor: 'user:9', changes: [{ field: 'note', before: null, after: '<b>vu</b>' }] },
  { at: AT, action: 'answer', actor: 'user:9', changes: [{ field: 'state', before: 'open', after: 'answered' }] },
  {
    at: AT,
    action: 'change',
    actor: 'user:9',
    changes: [
      { field: 'state', before: 'answered', after: 'closed' },
      { field: 'assigned_to', before: 9, after: null },
      { field: 'note', before: '<b>vu</b>', after: null },
    ],
  },
]

test('who did what to a feedback, in words', async () => {
  service(({ path }) => ({
    body: path.endsWith('/history') ? STEPS : [{ id: 9, name: 'Paul', role: 'staff', active: true }],
  }))
  shown(<History id={3} me={ME} />)
  await screen.findByText('Confié à : Paul')
  const steps = screen.getAllByRole('listitem').map((step) => step.textContent?.replace(/^.*?\d\d:\d\d/, ''))
  expect(steps).toEqual([
    'Avis reçu',
    'Confié à : PaulMoi',
    'Note interne :<b>vu</b>Paul',
    'Réponse au patientPaul',
    'ClosN’est plus confié à personneNote effacéePaul',
  ])
})
