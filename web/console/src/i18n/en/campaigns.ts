import type { Words } from '../words'

export const campaigns: Words['campaigns'] = {
  title: '',
}
