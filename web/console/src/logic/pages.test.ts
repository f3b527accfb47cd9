import { describe, expect, test } from 'vitest'

import { countOf, type Known, learned, NOTHING_KNOWN } from './pages'

const read = (...pages: [page: number, length: number, next: string | null][]): Known =>
  pages.reduce((known, page) => learned(known, ...page), NOTHING_KNOWN)

describe('pages that follow each other by cursor', () => {
  test.each([
    [read(), [null], 4],
    [read([0, 0, null]), [null], 0],
    [read([0, 50, 'a']), [null, 'a'], 54],
    [read([0, 50, 'a'], [1, 50, 'b'], [2, 7, null]), [null, 'a', 'b'], 107],
    // One more has come: the first page ends earlier, the second is asked for anew.
    [read([0, 50, 'a'], [1, 50, 'b'], [2, 7, null], [0, 50, 'a2']), [null, 'a2', 'b'], 107],
    [read([0, 50, 'a'], [1, 7, null], [0, 50, 'a2'], [1, 8, null]), [null, 'a2'], 58],
    // Some have gone: what was behind the end is no more.
    [read([0, 50, 'a'], [1, 50, 'b'], [2, 7, null], [1, 9, null]), [null, 'a'], 59],
    // The last page has filled up.
    [read([0, 50, 'a'], [1, 49, null], [1, 50, 'b']), [null, 'a', 'b'], 104],
  ])('%#', (known, starts, count) => {
    expect(known.starts).toEqual(starts)
    expect(countOf(known, 50)).toBe(count)
  })

  test('reading again what is known changes nothing', () => {
    const known = read([0, 50, 'a'], [1, 7, null])
    expect(learned(known, 0, 50, 'a')).toBe(known)
    expect(learned(known, 1, 7, null)).toBe(known)
  })
})
