import { expect, test } from 'vitest'

import { inOrder } from './plots'

test('departments stand by their names, and what was said of none comes last', () => {
  const names: Record<string, string> = { a: 'Urgences', b: 'Écographie', c: 'Laboratoire' }
  expect(inOrder(['a', null, 'c', 'b'], (code) => names[code ?? ''] ?? 'Sans service')).toEqual(['b', 'c', 'a', null])
})
