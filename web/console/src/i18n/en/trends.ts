import type { Words } from '../words'

export const trends: Words['trends'] = {
  title: '',
}
