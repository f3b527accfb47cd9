// Every line that nobody will get anything for, with what it says and why; also as a file to correct.

import type { Shape } from '../../api/types'
import { useFormat } from '../../i18n/format'
import { useWords, type Words } from '../../i18n/words'
import { saveText, toCsv } from '../../logic/csv'
import { Button } from '../../ui/button'

type Check = Shape<'FileCheck'>
type Line = Shape<'CheckedLine'>

const SHOWN = 100

export function reasonOf(words: Words, { code, field, reason }: Pick<Line, 'code' | 'field' | 'reason'>): string {
  const say = words.bulk
  const fields: Record<string, string> = say.who.fields
  const name = (field && fields[field]?.toLowerCase()) || field || ''
  if (code === 'contact_differs') return say.reasons.contact_differs(name)
  const known: Record<string, unknown> = say.reasons
  const own = known[code]
  if (typeof own === 'string') return own
  return words.tag === 'en' ? reason : say.otherReason(name)
}

/** What stands above the column that a line was refused for; nothing where the whole line is meant. */
export function columnOf(words: Words, { columns }: Pick<Check, 'columns'>, field: string | null): string {
  const found = field ? columns.find((one) => one.field === field) : undefined
  return found ? found.heading.trim() || words.bulk.who.column(found.place + 1) : ''
}

/** The lines as they were sent, with three columns more. */
export function refusedCsv(words: Words, check: Check): string {
  const { columns, refused } = check
  const say = words.bulk.who
  const fields: Record<string, string> = say.fields
  const headings = columns.map(
    ({ heading, field, place }) => heading.trim() || (field && fields[field]) || say.column(place + 1),
  )
  const rows = refused.map((line) => [
    ...columns.map(({ place }) => line.cells[place] ?? ''),
    String(line.line),
    columnOf(words, check, line.field),
    reasonOf(words, line),
  ])
  return toCsv([[...headings, say.line, say.columnName, say.reason], ...rows])
}

export function RefusedLines({ check }: { check: Check }) {
  const words = useWords()
  const say = words.bulk.who
  const format = useFormat()
  const more = check.refused.length - SHOWN
  return (
    <section aria-labelledby="refused" className="refused">
      <header>
        <div>
          <h3 id="refused">{say.refusedTitle}</h3>
          <p className="soft">{say.refusedLead}</p>
        </div>
        <Button icon="download" onClick={() => saveText(say.downloadName, refusedCsv(words, check))}>
          {say.download}
        </Button>
      </header>
      <table className="refused-lines">
        <thead>
          <tr>
            <th scope="col">{say.line}</th>
            <th scope="col">{say.content}</th>
            <th scope="col">{say.reason}</th>
          </tr>
        </thead>
        <tbody>
          {check.refused.slice(0, SHOWN).map((line) => (
            <tr key={line.line}>
              <th scope="row">
                <span className="heard">{say.line} </span>
                {format.number(line.line)}
              </th>
              <td dir="auto">{line.cells.map((cell) => cell.trim()).filter(Boolean).join(' · ')}</td>
              <td>
                <Where name={columnOf(words, check, line.field)} />
                {reasonOf(words, line)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p className="soft">{say.moreLines(format.number(more))}</p>}
    </section>
  )
}

const Where = ({ name }: { name: string }) =>
  name && (
    <>
      <strong dir="auto">{name}</strong>
      <br />
    </>
  )
