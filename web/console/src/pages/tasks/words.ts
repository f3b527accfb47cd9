import type { Shape } from '../../api/types'
import type { Words } from '../../i18n/words'
import type { Me } from '../../session/session'

export function taskInWords(task: Shape<'TaskSummary'>, words: Words): string {
  const kinds: Record<string, string> = words.tasks.kinds
  const alarms: Record<string, string> = words.tasks.alarms
  if (task.kind === 'alarm' && task.subject) return alarms[task.subject] ?? words.tasks.kinds.alarm
  return kinds[task.kind] ?? words.tasks.otherKind
}

export function personInWords(id: number | null, me: Me, words: Words): string {
  if (id === null) return words.common.nobody
  return id === me.user.id ? words.common.me : words.common.user(id)
}
