import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useRef } from 'react'

import type { Shape } from '../../api/types'
import { upload } from '../../api/upload'
import { useFormat } from '../../i18n/format'
import { useWords } from '../../i18n/words'
import { FIELDS, type Held, knowsReference, mapped, mappingOf, sourcesOf, valueField } from '../../logic/campaign-form'
import { Button } from '../../ui/button'
import { Chip } from '../../ui/chip'
import { Choice, Tick } from '../../ui/field'
import { Icon } from '../../ui/icon'
import { Notice, Trouble } from '../../ui/notice'
import { useFileCheck } from './audience'
import type { StepProps } from './draft'
import { RefusedLines } from './refused'

type Check = Shape<'FileCheck'>

export function FileFields({ form, change, wrong }: StepProps) {
  const say = useWords().bulk.who
  const check = useFileCheck(form)
  const mapping = form.layout?.mapping ?? (check.data ? mappingOf(check.data.columns) : {})
  const known = knowsReference(mapping)
  return (
    <>
      <FileChooser form={form} change={change} wrong={wrong} />
      {check.isFetching && !check.data && (
        <p className="soft" role="status">
          {say.reading}
        </p>
      )}
      <Trouble error={check.error} again={() => void check.refetch()} />
      {form.file && check.data && (
        <>
          <Columns check={check.data} form={form} change={change} wrong={wrong} />
          {!known && <Notice tone="warn">{say.needsReference}</Notice>}
          {known && check.data.report && <Report check={check.data} report={check.data.report} asking={check.isFetching} />}
          {known && !Object.values(mapping).some((one) => one === 'phone_number' || one === 'email') && (
            <p className="hint">{say.referencesOnly}</p>
          )}
        </>
      )}
    </>
  )
}

function FileChooser({ form, change }: StepProps) {
  const say = useWords().bulk.who
  const input = useRef<HTMLInputElement>(null)
  const read = useMutation({
    mutationFn: upload,
    onSuccess: (file) => change({ file, layout: null }),
  })
  const take = (files: FileList | null) => {
    if (files?.[0]) read.mutate(files[0])
  }
  return (
    <div
      className="drop"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        take(event.dataTransfer.files)
      }}
    >
      <Icon name="upload" />
      <div>
        <p dir="auto" className={form.file ? 'file-name' : 'label'}>
          {form.file?.name ?? say.file}
        </p>
        <p className="hint" id="file-hint">
          {say.fileHint}
        </p>
      </div>
      {/* The button is what is pressed; the browser's own field cannot be styled or translated. */}
      <input
        ref={input}
        type="file"
        className="heard"
        tabIndex={-1}
        aria-label={say.file}
        aria-describedby="file-hint"
        accept=".csv,.xlsx,.txt,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        onChange={(event) => {
          take(event.target.files)
          event.target.value = '' // the same name again is another file
        }}
      />
      <Button look={form.file ? 'plain' : 'main'} busy={read.isPending} onClick={() => input.current?.click()}>
        {form.file ? say.other : say.choose}
      </Button>
      <Trouble error={read.error} />
    </div>
  )
}

/** As a spreadsheet shows it, with what each column is taken for above it. */
function Columns({ check, form, change }: StepProps & { check: Check }) {
  const say = useWords().bulk.who
  const mapping = form.layout?.mapping ?? mappingOf(check.columns)
  const header = form.layout?.header ?? check.header
  const title = ({ heading, place }: Shape<'FileColumn'>) => heading.trim() || say.column(place + 1)
  const rows = Math.max(0, ...check.columns.map((column) => column.samples.length))
  const fields = [['', say.unused], ...FIELDS.map((field) => [field, say.fields[field]] as const)] as const
  // For each column a name of its own, whatever it holds now.
  const sources = sourcesOf(check.columns, {}, say.column)
  const options = (place: number) => {
    const own = sources.find((one) => one.place === place)
    return own ? [...fields, [valueField(own.name), say.inText(own.name)] as const] : fields
  }
  return (
    <section aria-labelledby="columns" className="columns">
      <h3 id="columns">{say.columns}</h3>
      <p className="soft">{say.columnsLead}</p>
      <div className="sheet">
        <table aria-labelledby="columns">
          <thead>
            <tr>
              {check.columns.map((column) => (
                <th key={column.place} scope="col" className={mapping[column.place] ? undefined : 'unused'}>
                  <span dir="auto">{title(column)}</span>
                  <Choice<Held | ''>
                    label={say.holds(title(column))}
                    quietLabel
                    value={mapping[column.place] ?? ''}
                    options={options(column.place)}
                    onChange={(field) =>
                      change({ layout: { mapping: mapped(mapping, column.place, field), header } })
                    }
                  />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: rows }, (_, row) => (
              <tr key={row}>
                {check.columns.map((column) => (
                  <td key={column.place} dir="auto" className={mapping[column.place] ? undefined : 'unused'}>
                    {column.samples[row]}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Tick
        label={say.header}
        checked={header}
        disabled={!knowsReference(mapping)}
        onChange={(wanted) => change({ layout: { mapping, header: wanted } })}
      />
    </section>
  )
}

function Report({ check, report, asking }: { check: Check; report: Shape<'FileReport'>; asking: boolean }) {
  const say = useWords().bulk.who
  const format = useFormat()
  const shown = (count: number) => format.number(count)
  const none = report.known + report.new === 0
  const chips: [number, 'good' | 'calm' | 'bad', ReactNode][] = [
    [report.known, 'good', say.known(report.known, shown(report.known))],
    [report.new, 'good', say.fresh(report.new, shown(report.new))],
    [report.refused_count, 'bad', say.refused(report.refused_count, shown(report.refused_count))],
  ]
  return (
    <div className="report" aria-busy={asking} role="status">
      <p className="report-line">
        <strong>{say.lines(report.lines, shown(report.lines))}</strong>
        {chips.map(([count, tone, text]) => count > 0 && <Chip key={tone + count} tone={tone}>{text}</Chip>)}
        {report.refused_count === 0 && !none && <span className="soft">{say.allGood}</span>}
      </p>
      {none && <Notice tone="warn">{say.nobody}</Notice>}
      {report.refused_count > 0 && <RefusedLines check={check} />}
    </div>
  )
}
