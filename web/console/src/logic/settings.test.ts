import { describe, expect, test } from 'vitest'

import { differences } from './differences'
import { changesOf, formOf, moved } from './settings-form'

const FOUND = {
  name: 'Hôpital Nord', slug: 'north', region: 'CM', time_zone: 'Africa/Douala', languages: ['french', 'english'],
  quiet_hours: null, daily_cap: 4, valid_for: 14_400, event_margin: 2700, anonymous_feedback: true,
  fold_french_sms: true, receipt_window: 1800, max_attempts: null, call_again_after: 900, call_again_at_most: 0,
  escalate: true, unknown_after: 3600, unknown_sms: 'give_up', unknown_voice: 'give_up', unknown_email: 'give_up',
  inbound_calls: 'answer', call_backs_per_hour: 60, answering_machines: 'message', ask_one_way: 'refuse', version: 3,
  alarm_failing_share: 0.2, alarm_failing_count: 10, alarm_window: 3600, alarm_late_after: 300, alarm_unknown_count: 10,
  alarm_unknown_after: 1800,
} as const

describe('settings', () => {
  const first = formOf(FOUND as never)

  test('what nobody touched is not sent', () => {
    expect(changesOf(first, first)).toEqual({})
  })

  test.each([
    [{ quiet: true }, { quiet_hours: '20:00-07:00' }],
    [{ quiet: true, from: '21:30' }, { quiet_hours: '21:30-07:00' }],
    [{ cap: '' }, { daily_cap: null }],
    [{ attempts: '3', callBacks: '5' }, { max_attempts: 3, call_backs_per_hour: 5 }],
    [{ languages: ['english', 'french'] }, { languages: ['english', 'french'] }],
    [{ lengths: { ...first.lengths, event_margin: 0 } }, { event_margin: 0 }],
    [{ zone: 'Africa/Lagos' }, { time_zone: 'Africa/Lagos' }],
    [{ alarms: { ...first.alarms, share: 0.05, ended: '3' } }, { alarm_failing_share: 0.05, alarm_failing_count: 3 }],
    [{ lengths: { ...first.lengths, alarm_late_after: 600 } }, { alarm_late_after: 600 }],
    [{ unknown: { ...first.unknown, voice: 'resend' as const } }, { unknown_voice: 'resend' }],
  ])('%o', (part, change) => {
    expect(changesOf({ ...first, ...part }, first)).toEqual(change)
  })

  test('quiet hours that are taken away are none', () => {
    const quiet = formOf({ ...FOUND, quiet_hours: '22:00-06:00' } as never)
    expect(quiet).toMatchObject({ quiet: true, from: '22:00', until: '06:00' })
    expect(changesOf({ ...quiet, quiet: false }, quiet)).toEqual({ quiet_hours: null })
  })

  test.each([
    ['b', -1, ['b', 'a', 'c']],
    ['b', 1, ['a', 'c', 'b']],
    ['a', -1, ['a', 'b', 'c']],
  ])('%s moves by %i', (member, by, order) => {
    expect(moved(['a', 'b', 'c'], member, by)).toEqual(order)
  })
})

describe('an entry of the audit log', () => {
  test('says only what differs', () => {
    expect(differences({ name: 'A', cap: 4, languages: ['fra'] }, { name: 'A', cap: null, languages: ['eng'] })).toEqual([
      { name: 'cap', before: '4', after: '–' },
      { name: 'languages', before: '["fra"]', after: '["eng"]' },
    ])
  })

  test.each([[null, null, 0], [null, { name: 'A' }, 1], [{ name: 'A' }, null, 1], ['x', 'y', 0]])('%o %o', (one, other, count) => {
    expect(differences(one, other)).toHaveLength(count)
  })
})
