import { describe, expect, test } from 'vitest'

import {
  asked, complete, contentOf, draftOf, EMPTY_CAMPAIGN, filterOf, formOf, heardIn, layoutQuery, mapped, mappingOf, rateOf, writtenFrom,
} from './campaign-form'
import { toCsv } from './csv'

describe('the columns of a file', () => {
  const guessed = mappingOf([
    { place: 0, heading: 'Dossier', field: 'patient_id', samples: [] },
    { place: 1, heading: 'Pointure', field: null, samples: [] },
    { place: 2, heading: 'Tel', field: 'phone_number', samples: [] },
  ])

  test('a field is in one column: another that takes it leaves the first without', () => {
    expect(guessed).toEqual({ 0: 'patient_id', 2: 'phone_number' })
    expect(mapped(guessed, 1, 'phone_number')).toEqual({ 0: 'patient_id', 1: 'phone_number' })
    expect(mapped(guessed, 2, '')).toEqual({ 0: 'patient_id' })
  })

  test('the service is told only what somebody has said', () => {
    expect(String(layoutQuery(null))).toBe('')
    const query = layoutQuery({ mapping: guessed, header: false })
    expect(query.getAll('column')).toEqual(['patient_id:0', 'phone_number:2'])
    expect(query.get('header')).toBe('false')
  })
})

test('a template leads to texts: what is the same for all is filled in, a name stays the own one', () => {
  const template = {
    name: 'appointment', parameters: ['date', 'name'],
    texts: [{ language: 'french', text: '{name} : le {date}.' }, { language: 'english', text: '{name}: {date}.' }],
  }
  expect(asked(template as never)).toEqual(['date'])
  expect(writtenFrom(template as never, { date: ' 5 {mai} ' })).toEqual({
    french: '{name} : le 5 {{mai}}.', english: '{name}: 5 {{mai}}.',
  })
})

describe('a form and the draft that it means', () => {
  const whole = { ...EMPTY_CAMPAIGN, name: ' Vaccins ', texts: { french: ' Bonjour ', english: '  ' } }

  test('an empty text is none; now is no time; a list has no filter', () => {
    expect(draftOf(whole)).toEqual({
      name: 'Vaccins', texts: { french: 'Bonjour' }, channels: null, scheduled_time: null, valid_for: 86_400,
      rate_per_minute: 60, parameters: {},
    })
  })

  test('days of a filter are whole local days', () => {
    const form = { ...whole, source: 'filter' as const, kind: '', reach: 'phone' as const, since: '2026-11-01', until: '2026-11-30' }
    expect(filterOf(form)).toEqual({
      has_phone: true, created_since: '2026-11-01T00:00:00', created_before: '2026-12-01T00:00:00',
    })
    expect(draftOf(form)).toHaveProperty('filter')
  })

  test.each([
    ['recipients', {}, false],
    ['recipients', { source: 'filter' }, true],
    ['message', {}, true],
    ['message', { name: ' ' }, false],
    ['message', { texts: { french: ' ' } }, false],
    ['time', {}, true],
    ['time', { now: false }, false],
    ['time', { now: false, date: '2026-12-01' }, true],
    ['time', { rate: '0' }, false],
    ['time', { rate: '1.5' }, false],
  ] as const)('%s %o', (step, part, done) => {
    expect(complete({ ...whole, ...part }, step)).toBe(done)
  })

  test('what was stored is written as it was', () => {
    const stored = {
      name: 'Vaccins', texts: { french: 'Bonjour' }, channels: ['voice'], scheduled_time: '2026-12-01T08:00:00Z',
      valid_for: 14_400, rate_per_minute: 30,
    } as never
    const form = formOf(stored, () => ['2026-12-01', '09:00'])
    expect(contentOf(form)).toEqual({
      name: 'Vaccins', texts: { french: 'Bonjour' }, channels: ['voice'], scheduled_time: '2026-12-01T09:00:00',
      valid_for: 14_400, rate_per_minute: 30,
    })
  })

  test.each([['60', 60], ['', null], ['60001', null], ['-1', null]])('%s a minute', (rate, wanted) => {
    expect(rateOf({ ...whole, rate })).toBe(wanted)
  })
})

test('who chose a language without a text gets the first that has one', () => {
  const shares = [{ language: 'duala', contacts: 2 }, { language: 'english', contacts: 3 }, { language: null, contacts: 1 }]
  const heard = heardIn(shares, { english: 'Hello' }, ['french', 'english'])
  expect(heard.map((one) => one.text)).toEqual(['english', 'english', 'english'])
  expect(heardIn(shares, {}, ['french'])[0]?.text).toBeNull()
})

describe('a table for a spreadsheet', () => {
  test.each([
    [['a;b', 'say "x"'], '"a;b";"say ""x"""'],
    [['=1+1', '+cmd', '-x', '@x', '\tx'], "'=1+1;'+cmd;'-x;'@x;'\tx"],
    [['+237 6 50 00 00 01', '-12', 'é'], '+237 6 50 00 00 01;-12;é'],
  ])('%j', (row, wanted) => {
    expect(toCsv([row])).toBe(`\uFEFF${wanted}\r\n`)
  })
})
