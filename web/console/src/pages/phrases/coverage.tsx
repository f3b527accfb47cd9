// Each flow in each language: in use, complete, waiting for somebody, or missing.

import { Link } from 'wouter'

import { useWords } from '../../i18n/words'
import { cellOf } from '../../logic/phrases'
import { Chip } from '../../ui/chip'
import { type Coverage, pathOf, useLanguageName } from './parts'

export function CoverageTable({ coverage }: { coverage: Coverage[] }) {
  const words = useWords()
  const say = words.phrases
  const name = useLanguageName()
  const flows = [...new Set(coverage.map((one) => one.flow))]
  const languages = [...new Set(coverage.map((one) => one.language))]
  return (
    <section className="card coverage" aria-labelledby="coverage">
      <h2 id="coverage">{say.coverage}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">{say.flow}</th>
            {languages.map((language) => (
              <th key={language} scope="col">
                {name(language)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {flows.map((flow) => (
            <tr key={flow}>
              <th scope="row">
                {say.flows[flow] ?? flow}
                <small className="soft">{say.flowTexts[flow]}</small>
              </th>
              {languages.map((language) => {
                const one = coverage.find((found) => found.flow === flow && found.language === language)
                return <td key={language}>{one && <Cell one={one} language={name(language)} />}</td>
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Cell({ one, language }: { one: Coverage; language: string }) {
  const words = useWords()
  const say = words.phrases.cell
  const cell = cellOf(one)
  const flow = words.phrases.flows[one.flow] ?? one.flow
  return (
    <Link href={pathOf(one.flow, one.language)} className="cell">
      <span className="cell-language">{language}</span>
      <span className="heard">{flow}. </span>
      {cell.state === 'on' && <Chip tone="good">{say.on}</Chip>}
      {cell.state === 'ready' && <Chip tone="busy">{say.ready}</Chip>}
      {cell.absent > 0 && <Chip>{say.absent(cell.absent)}</Chip>}
      {cell.waiting > 0 && <Chip tone="warn">{say.waiting(cell.waiting)}</Chip>}
      {cell.rejected > 0 && <Chip tone="bad">{say.rejected(cell.rejected)}</Chip>}
      <small className="soft">{say.share(one.approved, one.phrases)}</small>
    </Link>
  )
}
