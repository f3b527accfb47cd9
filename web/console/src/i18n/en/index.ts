// Everything that the console says, in English. A tool for work: short sentences, verbs.

import type { Words } from '../words'
import { common } from './common'
import { deliveries } from './deliveries'
import { feedback } from './feedback'
import { phrases } from './phrases'
import { problems } from './problems'
import { reminders } from './reminders'
import { settings } from './settings'
import { tasks } from './tasks'
import { today } from './today'
import { trends } from './trends'

export const en: Words = {
  tag: 'en',
  colon: ':',
  common,
  problems,
  today,
  reminders,
  deliveries,
  tasks,
  feedback,
  trends,
  phrases,
  settings,
}
