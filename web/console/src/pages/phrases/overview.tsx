import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, got } from '../../api/client'
import { useWords } from '../../i18n/words'
import type { Me } from '../../session/session'
import { Button } from '../../ui/button'
import { Asked, Page } from '../../ui/page'
import { CoverageTable } from './coverage'
import { Files } from './files'
import { Pending } from './pending'
import './phrases.css'

export default function Phrases({ me }: { me: Me }) {
  const words = useWords()
  const say = words.phrases
  const [files, setFiles] = useState(false)
  const query = useQuery({
    queryKey: ['phrases', 'coverage'],
    queryFn: ({ signal }) => got(api.GET('/api/v1/phrases/coverage', { signal })),
  })
  return (
    <Page
      title={say.title}
      lead={say.lead}
      wide
      actions={
        <Button icon="download" onClick={() => setFiles(true)}>
          {say.files}
        </Button>
      }
    >
      <Asked query={query} lines={9}>
        {(coverage) => <CoverageTable coverage={coverage} />}
      </Asked>
      <Pending me={me} />
      {files && <Files me={me} onClose={() => setFiles(false)} />}
    </Page>
  )
}
