import { type ReactNode, useState } from 'react'

import { useWords } from '../i18n/words'
import './filters.css'

interface Props {
  /** Something is filtered already: then it is seen by what. */
  any: boolean
  children: ReactNode
}

/** What a list is filtered by; folded away at first where there is little room. */
export function FilterBox({ any, children }: Props) {
  const words = useWords()
  const [unfolded] = useState(any || innerWidth > 700)
  return (
    <details className="filter-box" open={unfolded}>
      <summary>{words.common.filters}</summary>
      <search className="filters" aria-label={words.common.filters}>
        {children}
      </search>
    </details>
  )
}
