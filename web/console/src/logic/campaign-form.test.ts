import { describe, expect, test } from 'vitest'

import {
  asked, complete, contentOf, draftOf, EMPTY_CAMPAIGN, filterOf, formOf, heardIn, layoutQuery, likely, mapped, mappingOf,
  rateOf, readFor, sourcesOf, unknownPlaces, writtenFrom,
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

describe('what each recipient has of their own', () => {
  const columns = [
    { place: 0, heading: 'Dossier', field: 'patient_id', samples: ['P1'] },
    { place: 1, heading: ' Médecin traitant ', field: null, samples: ['Dr Ngo', 'Dr Éyoum-Bell'] },
    { place: 2, heading: 'Nom', field: null, samples: [] },
    { place: 3, heading: '', field: null, samples: ['9 h'] },
    { place: 4, heading: 'Name', field: null, samples: [] },
    { place: 5, heading: '3e heure', field: null, samples: [] },
    { place: 6, heading: 'Heure', field: null, samples: [] },
  ]
  const column = (place: number) => `Colonne ${place}`
  const guessed = mappingOf(columns)
  const sources = sourcesOf(columns, guessed, column)

  test('each column that holds nothing of a contact has a name of its own in the texts', () => {
    expect(sources.map(({ place, name, example }) => [place, name, example])).toEqual([
      [1, 'medecin_traitant', 'Dr Éyoum-Bell'], [2, 'nom', 'nom'], [3, 'colonne_4', '9 h'], [4, 'name_5', 'name_5'],
      [5, 'e_heure', 'e_heure'], [6, 'heure', 'heure'],
    ])
    expect(likely('time', sources)?.name).toBe('heure')
    expect(likely('hospital', sources)).toBeUndefined()
  })

  test('a column that stands in a text is read for it, and no longer when it does not', () => {
    const texts = { french: '{{heure}} {heure}, {medecin_traitant}', english: '{name}' }
    const read = readFor(guessed, sources, texts)
    expect(read).toEqual({ 0: 'patient_id', 1: 'value.medecin_traitant', 6: 'value.heure' })
    expect(layoutQuery({ mapping: read, header: true }).getAll('column')).toContain('value.heure:6')
    const form = { ...EMPTY_CAMPAIGN, name: 'x', texts, layout: { mapping: read, header: true } }
    expect(draftOf(form).value_names).toEqual(['medecin_traitant', 'heure'])
    expect(complete(form, 'message')).toBe(true)
    expect(complete({ ...form, source: 'filter' }, 'message')).toBe(false)
    expect(readFor(read, sources, { french: '{{heure}}' })).toEqual({ 0: 'patient_id' })
  })

  test.each([
    ['{heure} {x}', ['x']],
    ['{{x}} {patient_id}', []],
    ['{} {a b}', ['', 'a b']],
  ])('%s', (text, unknown) => {
    expect(unknownPlaces({ french: text }, ['heure'])).toEqual(unknown)
  })

  test('in a template a column stands for a word of it', () => {
    const template = { name: 'a', parameters: [], texts: [{ language: 'french', text: 'Le {date} à {time}.' }] }
    expect(writtenFrom(template as never, { date: '5 {mai}' }, { time: 'heure' })).toEqual({ french: 'Le 5 {{mai}} à {heure}.' })
  })
})

describe('a form and the draft that it means', () => {
  const whole = { ...EMPTY_CAMPAIGN, name: ' Vaccins ', texts: { french: ' Bonjour ', english: '  ' } }

  test('an empty text is none; now is no time; a list has no filter', () => {
    expect(draftOf(whole)).toEqual({
      name: 'Vaccins', texts: { french: 'Bonjour' }, channels: null, scheduled_time: null, valid_for: 86_400,
      rate_per_minute: 60, parameters: {}, value_names: [],
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
