import { describe, expect, test } from 'vitest'

import { addDays, format, localClock, localDay, startOfDay } from './format'
import { lookUps } from './look-up'
import { bodyOf, EMPTY_FORM, filled, placeholders, type ReminderForm } from './reminder-form'
import { fromRule, ONCE_A_WEEK, seconds, toRule } from './rrule'
import { smsCost } from './sms'
import { clock, peaks } from './waveform'

describe('what an SMS costs', () => {
  test.each([
    ['', 'GSM-7', 0, 1, 160],
    ['a'.repeat(160), 'GSM-7', 160, 1, 0],
    ['a'.repeat(161), 'GSM-7', 161, 2, 145],
    [`${'a'.repeat(152)}€${'a'.repeat(10)}`, 'GSM-7', 164, 2, 141],
    ['é'.repeat(160), 'GSM-7', 160, 1, 0],
    ['ê'.repeat(70), 'UCS-2', 70, 1, 0],
    ['ê'.repeat(71), 'UCS-2', 71, 2, 63],
    [`${'a'.repeat(66)}😀${'a'.repeat(10)}`, 'UCS-2', 78, 2, 55],
  ])('%#', (text, encoding, units, segments, left) => {
    expect(smsCost(text)).toMatchObject({ encoding, units, segments, left })
  })

  test('names what makes it cost twice, each once', () => {
    expect(smsCost('L’hôpital, l’été').costly).toEqual(['’', 'ô'])
  })
})

describe('repetitions', () => {
  test.each([
    [{ ...ONCE_A_WEEK, days: ['TH', 'MO'] as const, count: 8 }, 'FREQ=WEEKLY;BYDAY=MO,TH;COUNT=8'],
    [{ ...ONCE_A_WEEK, frequency: 'DAILY', interval: 2, ends: 'never' }, 'FREQ=DAILY;INTERVAL=2'],
    [{ ...ONCE_A_WEEK, frequency: 'MONTHLY', ends: 'until', until: '2027-03-31' }, 'FREQ=MONTHLY;UNTIL=20270331T235959'],
    [{ ...ONCE_A_WEEK, frequency: 'DAILY', days: ['MO'] as const, count: 0 }, 'FREQ=DAILY;COUNT=1'],
  ])('%# is written', (wanted, rule) => {
    expect(toRule(wanted as never)).toBe(rule)
  })

  test('what the form wrote, it reads', () => {
    const rule = 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20270331T225959Z'
    expect(fromRule(rule)).toEqual({
      frequency: 'WEEKLY', interval: 2, days: ['MO', 'TH'], ends: 'until', count: 8, until: '2027-03-31',
    })
  })

  test.each(['FREQ=MONTHLY;BYDAY=2MO', 'FREQ=YEARLY', 'FREQ=DAILY;BYMONTH=1'])('%s has no words', (rule) => {
    expect(fromRule(rule)).toBeNull()
  })

  test.each([['P7D', 604_800], ['PT2H30M', 9000], ['P1DT12H', 129_600], ['rubbish', 0]])('%s', (text, length) => {
    expect(seconds(text)).toBe(length)
  })
})

describe('a form and the request that it means', () => {
  const contact = { id: 1, patient_id: 'PAT123' } as ReminderForm['contact']
  const whole: ReminderForm = { ...EMPTY_FORM, contact, message: ' Bonjour ', date: '2026-12-01' }

  test('a time is local, without an offset', () => {
    expect(bodyOf(whole)).toEqual({
      patient_id: 'PAT123', message: 'Bonjour', scheduled_time: '2026-12-01T09:00:00', expects_reply: false,
    })
  })

  test.each([
    [{ contact: null }],
    [{ message: '  ' }],
    [{ date: '' }],
    [{ known: false }],
    [{ kind: 'before', before: [] }],
    [{ source: 'template' }],
    [{ source: 'template', template: 'appointment', parameters: { date: '1er', time: ' ' } }],
  ] as [Partial<ReminderForm>][])('%# lacks something', (part) => {
    expect(bodyOf({ ...whole, ...part })).toBeNull()
  })

  test('a relative one has an event and no time of its own', () => {
    const body = bodyOf({ ...whole, kind: 'before', before: ['P1D', 'PT2H'] })
    expect(body).toMatchObject({ event_time: '2026-12-01T09:00:00', before: ['P1D', 'PT2H'] })
    expect(body).not.toHaveProperty('scheduled_time')
  })

  test('now is the moment of sending, and only of what goes out once', () => {
    const now = new Date('2026-11-28T05:00:00Z')
    expect(bodyOf({ ...whole, now: true, date: '' }, now)?.scheduled_time).toBe('2026-11-28T05:00:00.000Z')
    expect(bodyOf({ ...whole, now: true, date: '', kind: 'series' }, now)).toBeNull()
  })

  test('an address of its own goes without a contact', () => {
    const body = bodyOf({ ...whole, known: false, phone: ' 650000001 ', channels: ['voice', 'sms'] })
    expect(body).toMatchObject({ phone_number: '650000001', channels: ['voice', 'sms'] })
    expect(body).not.toHaveProperty('patient_id')
  })

  test('templates name their words, and keep what is not filled in yet', () => {
    const text = 'Le {date} à {time}. {date}'
    expect(placeholders(text)).toEqual(['date', 'time'])
    expect(filled(text, { date: 'lundi', time: ' ' })).toBe('Le lundi à {time}. lundi')
  })
})

describe('looking for a patient', () => {
  test.each([
    ['6 50 00 00 01', [{ phone: '6 50 00 00 01' }, { patient_id: '6 50 00 00 01' }]],
    ['PAT123', [{ patient_id: 'PAT123' }]],
    ['ngo', [{ patient_id: 'ngo' }, { name: 'ngo' }]],
    ['عائ', [{ patient_id: 'عائ' }, { name: 'عائ' }]],
    ['ng', [{ patient_id: 'ng' }]],
    ['n', []],
    ['a@b.example', [{ email: 'a@b.example' }]],
    ['a@', []],
  ])('%s', (typed, wanted) => {
    expect(lookUps(typed)).toEqual(wanted)
  })
})

describe('times are the hospital’s', () => {
  test.each([
    ['fr', '2026-12-01', '1er décembre 2026'],
    ['fr', '2026-12-11', '11 décembre 2026'],
    ['fr', '2026-12-21', '21 décembre 2026'],
    ['en', '2026-12-01', '1 December 2026'],
  ] as const)('a day in %s: %s', (language, day, written) => {
    expect(format(language, 'Africa/Douala').day(day)).toBe(written)
  })

  test.each([
    ['Africa/Douala', '2026-11-28', '2026-11-27T23:00:00.000Z'],
    ['America/New_York', '2026-07-01', '2026-07-01T04:00:00.000Z'],
    ['America/New_York', '2026-12-01', '2026-12-01T05:00:00.000Z'],
    ['Pacific/Auckland', '2026-12-01', '2026-11-30T11:00:00.000Z'],
  ])('%s %s', (zone, day, start) => {
    expect(startOfDay(day, zone).toISOString()).toBe(start)
  })

  test('a day and a clock', () => {
    const late = new Date('2026-11-28T23:30:00Z')
    expect(localDay(late, 'Africa/Douala')).toBe('2026-11-29')
    expect(localClock(late, 'Africa/Douala')).toBe('00:30')
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
  })

  test.each([[14_400, '4 h'], [2700, '45 min'], [86_400, '1 j']])('%i s', (length, words) => {
    expect(format('fr', 'Africa/Douala').lasting(length).replace(/\s/g, ' ')).toBe(words)
  })
})

describe('a voice', () => {
  test('is as loud as its loudest step', () => {
    expect(peaks(new Float32Array([0, 0.1, -0.4, 0.2]), 2)).toEqual([0.25, 1])
  })

  test('that is silent stays flat', () => {
    expect(peaks(new Float32Array([0.001, -0.002]), 2)).toEqual([0, 0])
    expect(peaks(new Float32Array(), 4)).toEqual([])
  })

  test.each([[83.9, '1:23'], [0, '0:00'], [Number.NaN, '0:00']])('%d s', (length, shown) => {
    expect(clock(length)).toBe(shown)
  })
})
