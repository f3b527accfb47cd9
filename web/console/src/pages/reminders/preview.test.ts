// Why something goes out at another time: never in the service's own words.

import { expect, test } from 'vitest'

import { reminders as english } from '../../i18n/en/reminders'
import { reminders as french } from '../../i18n/fr/reminders'
import { deferredInWords } from './preview'

test.each([
  ['holiday', 'Reporté : jour sans message.'],
  ['holiday: goes out when it is over', 'Reporté : jour sans message.'],
  ['holiday: goes out before it begins', 'Avancé : un jour sans message suit.'],
  ['quiet_hours', 'Reporté : heures de silence.'],
  ['quiet hours: goes out when they end', 'Reporté : heures de silence.'],
  ['quiet hours: goes out before they begin', 'Avancé : les heures de silence suivent.'],
  ['daily_cap', 'Reporté : ce numéro a déjà reçu ses messages du jour.'],
])('%s', (why, said) => {
  expect(deferredInWords(why, french.preview)).toBe(said)
  expect(deferredInWords(why, english.preview)).not.toBe(why)
})
