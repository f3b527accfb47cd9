// Tout ce que dit la console, en français. Un outil de travail : des phrases courtes, des verbes.

import { common } from './common'
import { conversations } from './conversations'
import { deliveries } from './deliveries'
import { feedback } from './feedback'
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
  deliveries,
  tasks,
  feedback,
  conversations,
  trends,
  settings,
}
