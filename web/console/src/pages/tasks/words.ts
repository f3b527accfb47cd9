import type { Shape } from '../../api/types'
import type { Words } from '../../i18n/words'

export function taskInWords(task: Pick<Shape<'TaskSummary'>, 'kind' | 'subject'>, words: Words): string {
  const kinds: Record<string, string> = words.tasks.kinds
  const alarms: Record<string, string> = words.tasks.alarms
  if (task.kind === 'alarm' && task.subject) return alarms[task.subject] ?? words.tasks.kinds.alarm
  return kinds[task.kind] ?? words.tasks.otherKind
}
