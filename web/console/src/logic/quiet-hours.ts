// Quiet hours as a form has them, and as the service writes them: `20:00-07:00`, null for none.

export interface QuietHoursForm {
  quiet: boolean
  from: string
  until: string
}

export function quietHoursForm(written: string | null): QuietHoursForm {
  const [from = '20:00', until = '07:00'] = written?.split('-') ?? []
  return { quiet: written !== null, from, until }
}

export const writtenQuietHours = ({ quiet, from, until }: QuietHoursForm): string | null =>
  quiet ? `${from}-${until}` : null
