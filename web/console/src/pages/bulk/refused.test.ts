import { expect, test } from 'vitest'

import { en } from '../../i18n/en'
import { fr } from '../../i18n/fr'
import { reasonOf, refusedCsv } from './refused'

const line = (code: string, field: string | null = null) => ({ line: 3, field, code, reason: 'As the service says.', cells: ['P1', '=1', '+237 12'] })

test.each([
  ['phone_too_short', 'phone_number', 'Ce numéro a trop peu de chiffres.', 'This number has too few digits.'],
  ['contact_differs', 'name', 'Cette référence est celle d’une personne qui a une autre valeur ici : nom.', 'This reference belongs to a person who has another value here: name.'],
  ['value_missing', 'value.heure', 'La cellule est vide, et le texte en a besoin.', 'The cell is empty, and the text needs it.'],
  ['of_tomorrow', 'email', 'Une valeur n’est pas valable : e-mail.', 'As the service says.'],
  ['of_tomorrow', null, 'Cette ligne n’est pas valable.', 'As the service says.'],
])('why a line is refused: %s', (code, field, french, english) => {
  expect([reasonOf(fr, line(code, field)), reasonOf(en, line(code, field))]).toEqual([french, english])
})

test('the lines come back as they were sent, to be corrected and sent again', () => {
  const columns = [
    { place: 0, heading: 'Dossier', field: 'patient_id', samples: [] },
    { place: 1, heading: ' ', field: null, samples: [] },
    { place: 2, heading: '', field: 'phone_number', samples: [] },
  ]
  const check = { columns, header: true, report: null, refused: [line('phone_too_short', 'phone_number')] }
  expect(refusedCsv(fr, check)).toBe(
    '\uFEFFDossier;Colonne 2;Téléphone;Ligne;Colonne;Raison\r\nP1;\'=1;+237 12;3;Colonne 3;Ce numéro a trop peu de chiffres.\r\n',
  )
})
