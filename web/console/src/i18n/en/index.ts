// Everything that the console says, in English. A tool for work: short sentences, verbs.

import type { Words } from '../words'
import { bulk } from './bulk'
import { common } from './common'
import { conversations } from './conversations'
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
  bulk,
  deliveries,
  tasks,
  feedback,
  conversations,
  trends,
  phrases,
  settings,
}
