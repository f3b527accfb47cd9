import type { Words } from '../words'

const several = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

export const conversations: Words['conversations'] = {
  title: 'The conversation',
  read: 'Read the conversation',
  readHint: 'What the patient and the hospital wrote to each other. Each reading is written into the audit log.',
  patient: 'Patient',
  purposes: {
    reminder: 'Reminder',
    reply: 'Automatic reply',
    opt_out: 'Stop confirmed',
    answer: 'The hospital’s answer',
  },
  hospital: 'Hospital',
  noWords: 'A message without text',
  media: (count) => several(count, 'picture or file, not kept', 'pictures or files, not kept'),
  carrierAnswered: 'The carrier recognised this word and has answered it.',
  called: 'The patient called',
  callTo: 'The hospital called',
  saidInCall: 'What was said on the phone is in the feedback.',
  calls: {
    completed: 'ended',
    busy: 'busy',
    failed: 'failed',
    'no-answer': 'no answer',
    canceled: 'hung up',
  },
  inCall: 'in progress',
  goesOn: 'The patient may still write: what follows will appear here.',
  ended: (moment) => `Ended ${moment}.`,
  hidden: 'Number withheld',
}
