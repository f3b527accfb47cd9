// What is started is what was shown: who started it on an older dry run is told, and shown a new one.

import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'

import { ME, service, shown } from '../../testing/service'
import { DryRun } from './dry-run'

const CAMPAIGN = { id: 5, version: 2, status: 'draft', texts: { french: 'Vaccins.' }, rate_per_minute: 60 }
const PREVIEW = {
  contacts: 3, recipients: 3, excluded: {}, languages: [], channels: { sms: 3 }, encodings: {}, segments: {},
  segments_total: 3, daily_cap_reached: 0, shared_address: 'one_message',
  examples: [{ patient_id: 'P1', language: 'french', text: 'À 9 h avec Dr Ngo.' }],
  pace: {
    starts_at: '2026-01-01T09:00:00Z', ends_at: null, valid_until: '2026-01-02T09:00:00Z', lasts_seconds: 0,
  },
}

test('a list that changed after its dry run is counted again, and nothing is started', async () => {
  let counted = 0
  const asked = service(({ path, body }) => {
    if (path.endsWith('/preview')) return { body: { ...PREVIEW, recipients: 3 + counted++, dry_run: `run-${counted}` } }
    const { dry_run: named } = body as { dry_run: string }
    return named === 'run-1' ? { status: 412, body: { code: 'dry_run_outdated', detail: '…' } } : { body: CAMPAIGN }
  })
  shown(<DryRun campaign={CAMPAIGN as never} me={ME} />)
  const start = async (count: number) => {
    await screen.findByText(`${count} personnes recevront un message`)
    expect(screen.getByText('À 9 h avec Dr Ngo.')).toBeTruthy()
    await userEvent.click(screen.getByRole('button', { name: 'Démarrer l’envoi…' }))
    await userEvent.click(screen.getByRole('button', { name: `Oui, envoyer à ${count} personnes` }))
  }
  await start(3)
  expect((await screen.findByRole('alert')).textContent).toContain('ont changé depuis l’essai à blanc')
  expect(screen.queryByRole('alertdialog')).toBeNull()
  await start(4)
  await waitFor(() => expect(screen.queryByRole('alertdialog')).toBeNull())
  const starts = asked.filter(({ path }) => path.endsWith('/start'))
  expect(starts.map(({ body }) => body)).toEqual([{ dry_run: 'run-1' }, { dry_run: 'run-2' }])
})
