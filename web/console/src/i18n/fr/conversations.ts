// Ce que le patient et l’hôpital se sont dit, tour par tour.

const several = (count: number, one: string, many: string) => `${count} ${count < 2 ? one : many}`

export const conversations = {
  title: 'La conversation',
  read: 'Lire la conversation',
  readHint: 'Ce que le patient et l’hôpital se sont écrit. Chaque lecture est inscrite au journal.',
  patient: 'Patient',
  purposes: {
    reminder: 'Rappel',
    reply: 'Réponse automatique',
    opt_out: 'Arrêt confirmé',
    answer: 'Réponse de l’hôpital',
  },
  hospital: 'Hôpital',
  noWords: 'Message sans texte',
  media: (count: number) => several(count, 'image ou fichier, non gardé', 'images ou fichiers, non gardés'),
  carrierAnswered: 'L’opérateur a reconnu ce mot et y a répondu lui-même.',
  called: 'Appel du patient',
  callTo: 'Appel de l’hôpital',
  saidInCall: 'Ce qui a été dit au téléphone est dans l’avis.',
  calls: {
    completed: 'terminé',
    busy: 'occupé',
    failed: 'non abouti',
    'no-answer': 'sans réponse',
    canceled: 'raccroché',
  },
  inCall: 'en cours',
  goesOn: 'Le patient peut encore répondre : la suite apparaîtra ici.',
  ended: (moment: string) => `Terminée ${moment}.`,
  hidden: 'Numéro masqué',
}
