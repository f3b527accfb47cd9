// Tout ce que dit la console, en français. Un outil de travail : des phrases courtes, des verbes.

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

export const fr = {
  tag: 'fr' as 'fr' | 'en',
  colon: ' :',
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
