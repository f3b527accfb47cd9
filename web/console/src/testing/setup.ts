// A browser without what jsdom leaves out, and without what one test leaves behind for the next.

import { cleanup } from '@testing-library/react'
import { afterEach } from 'vitest'

Object.defineProperty(globalThis, 'matchMedia', {
  value: (media: string) => ({ media, matches: false, addEventListener() {}, removeEventListener() {} }),
})

afterEach(() => {
  cleanup()
  localStorage.clear()
})
