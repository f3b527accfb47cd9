import type { ReminderForm } from '../../logic/reminder-form'

export interface PartProps {
  form: ReminderForm
  change: (part: Partial<ReminderForm>) => void
}

export interface CheckedPartProps extends PartProps {
  wrong: (field: string) => string | null
}
