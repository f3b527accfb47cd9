// A table as a spreadsheet opens it: semicolons and a byte order mark, as French ones expect.

/** What a spreadsheet would take for a formula; a phone with its plus is none. */
const FORMULA = /^(?:[=@\t\r]|[+-](?![\d\s().-]*$))/

const cell = (text: string) => {
  const safe = FORMULA.test(text) ? `'${text}` : text
  return /[";\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export const toCsv = (rows: readonly (readonly string[])[]): string =>
  `\uFEFF${rows.map((row) => row.map(cell).join(';')).join('\r\n')}\r\n`

/** Put a text that was made here onto the disk of whoever asked for it. */
export function saveText(name: string, text: string) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
