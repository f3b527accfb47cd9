import type { Words } from '../words'

export const phrases: Words['phrases'] = {
  title: '',
}
