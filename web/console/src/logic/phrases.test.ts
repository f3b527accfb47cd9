import { describe, expect, test, vi } from 'vitest'

import { braceProblems, cellOf, filledIn, nextToApprove } from './phrases'
import { playAll, silenceOf, type Said } from './playback'
import { base64, isQuiet, loudness, problemWith, wav } from './sound'

describe('a flow in a language at a glance', () => {
  const whole = { flow: 'f', language: 'duala', phrases: 3, there: 3, approved: 3, recorded: 0, waiting: 0,
    rejected: 0, missing: [] as string[], ready: true, switched_on: true, on: true }
  test.each([
    [{}, 'on', 'good'],
    [{ on: false, switched_on: false }, 'ready', 'busy'],
    [{ on: false, ready: false, there: 1, approved: 1, missing: ['a', 'b'] }, 'todo', 'calm'],
    [{ on: false, ready: false, there: 3, approved: 2, waiting: 1, missing: ['a'] }, 'todo', 'warn'],
    [{ on: false, ready: false, there: 2, approved: 2, rejected: 1, missing: ['a'] }, 'todo', 'warn'],
    // Own words that wait, before those that ship: it is in use all the while.
    [{ waiting: 1 }, 'on', 'good'],
  ])('%#', (part, state, tone) => {
    expect(cellOf({ ...whole, ...part })).toMatchObject({ state, tone })
  })

  test('counts what is not there', () => {
    expect(cellOf({ ...whole, on: false, ready: false, there: 1 }).absent).toBe(2)
  })
})

describe('words in braces', () => {
  test.each([
    ['[dua] {hospital}', ['hospital'], null],
    ['[dua] {{x}} {hospital} {hospital}', ['hospital'], null],
    ['[dua]', ['hospital'], { missing: ['hospital'], unknown: [], broken: false }],
    ['[dua] {hopital}', ['hospital'], { missing: ['hospital'], unknown: ['hopital'], broken: false }],
    ['[dua] {hospital', ['hospital'], { missing: ['hospital'], unknown: [], broken: true }],
    ['[dua] {}', [], { missing: [], unknown: [''], broken: false }],
    ['[dua] hospital} {hospital}', ['hospital'], { missing: [], unknown: [], broken: true }],
  ])('%#', (text, wanted, found) => {
    expect(braceProblems(text, wanted)).toEqual(found)
  })

  test('are filled in', () => {
    expect(filledIn('{{a}} {hospital} {other}', { hospital: 'H {x}' })).toBe('{a} H {x} {other}')
  })
})

test('the next one to approve is nobody’s own, and comes round again', () => {
  const phrase = (key: string, state: string, ...by: string[]) =>
    ({ key, state, words: { own: { made_by: by } } }) as never
  const all = [phrase('a', 'waiting', 'user:2'), phrase('b', 'approved', 'user:2'), phrase('c', 'waiting', 'user:2', 'user:1')]
  expect(nextToApprove(all, 'b', 'user:1')).toMatchObject({ key: 'a' })
  expect(nextToApprove(all, 'a', 'user:1')).toBeUndefined()
})

describe('a recording', () => {
  test('is written as WAV', () => {
    const file = new DataView(wav(new Float32Array([0, 1, -1, 2]), 16_000))
    const text = (at: number) => String.fromCharCode(...[0, 1, 2, 3].map((index) => file.getUint8(at + index)))
    expect([text(0), text(8), text(36)]).toEqual(['RIFF', 'WAVE', 'data'])
    expect([file.getUint32(24, true), file.getUint32(40, true), file.byteLength]).toEqual([16_000, 8, 52])
    expect([46, 48, 50].map((at) => file.getInt16(at, true))).toEqual([32_767, -32_767, 32_767])
  })

  test('is told when it is too long, silent, or too large to be looked into', () => {
    const blob = (size: number) => ({ size }) as Blob
    const loud = new Float32Array([0.5])
    expect(problemWith({ blob: blob(9), seconds: 61, samples: loud })).toBe('tooLong')
    expect(problemWith({ blob: blob(9), seconds: 2, samples: new Float32Array(99) })).toBe('tooQuiet')
    expect(problemWith({ blob: blob(3_000_000), seconds: null, samples: null })).toBe('tooLarge')
    expect(problemWith({ blob: blob(3_000_000), seconds: 20, samples: loud })).toBeNull()
    expect(isQuiet(new Float32Array([0.001, -0.001]))).toBe(true)
  })

  test('has a level that ears would agree with', () => {
    expect(loudness(new Float32Array(64))).toBe(0)
    expect(loudness(new Float32Array(64).fill(1))).toBe(1)
    expect(loudness(new Float32Array(64).fill(0.03))).toBeCloseTo(0.49, 1)
  })

  test('of any length becomes base64', () => {
    expect(atob(base64(new Uint8Array(20_000).fill(65)))).toBe('A'.repeat(20_000))
  })
})

describe('hearing one after the other', () => {
  const all: Said[] = [{ kind: 'phrase', recorded: true }, { kind: 'pause', seconds: 2 }, { kind: 'phrase', text: '[dua]' }]
  const stage = () => ({
    show: vi.fn(), failed: vi.fn(),
    play: vi.fn(async () => {}), wait: vi.fn(async () => {}),
  })

  test('recordings are played, the rest is waited for', async () => {
    const heard = stage()
    await playAll(all, heard, new AbortController().signal)
    expect(heard.show.mock.calls).toEqual([[0], [1], [2]])
    expect(heard.play).toHaveBeenCalledTimes(1)
    expect(heard.wait.mock.calls.map(([length]: unknown[]) => length)).toEqual([2000, silenceOf(all[2]!)])
  })

  test('one that cannot be played is told, and the next one follows', async () => {
    const heard = stage()
    heard.play.mockRejectedValueOnce(new Error('broken'))
    await playAll(all, heard, new AbortController().signal)
    expect(heard.failed.mock.calls).toEqual([[0]])
    expect(heard.show).toHaveBeenCalledTimes(3)
  })

  test('who hangs up hears no more', async () => {
    const heard = stage()
    const call = new AbortController()
    heard.play.mockImplementationOnce(async () => call.abort())
    await playAll(all, heard, call.signal)
    expect(heard.show.mock.calls).toEqual([[0]])
    expect(heard.failed).not.toHaveBeenCalled()
  })
})
