import { useWords } from '../../i18n/words'

/** What a campaign says, each language as it looks on a phone. */
export function Texts({ texts }: { texts: Record<string, string> }) {
  const words = useWords()
  const names: Record<string, string> = words.common.patientLanguages
  return (
    <section className="card" aria-labelledby="texts">
      <h2 id="texts">{words.bulk.draft.texts}</h2>
      {Object.entries(texts).map(([language, text]) => (
        <figure key={language} className="bubble">
          <figcaption>{names[language] ?? language}</figcaption>
          <blockquote dir="auto">{text}</blockquote>
        </figure>
      ))}
    </section>
  )
}
