import { useWords } from '../../i18n/words'
import { STEPS, type Step } from '../../logic/campaign-form'
import { Icon } from '../../ui/icon'

interface Props {
  here: Step | 'check'
  /** How many steps one can go to. */
  reachable: number
  onGo: ((step: Step) => void) | null
}

/** The way from a list of people to a message: where one is, and what is done. */
export function Steps({ here, reachable, onGo }: Props) {
  const say = useWords().bulk.steps
  const all = [...STEPS, 'check'] as const
  const at = all.indexOf(here)
  return (
    <nav aria-label={say.label} className="steps">
      <p className="heard">{say.place(at + 1, all.length)}</p>
      <ol>
        {all.map((step, place) => {
          const may = onGo && step !== 'check' && step !== here && place <= reachable
          const shown = (
            <>
              <i aria-hidden="true">{place < at ? <Icon name="check" /> : place + 1}</i>
              <span>{say[step]}</span>
            </>
          )
          return (
            <li key={step} className={place < at ? 'over' : undefined}>
              {may ? (
                <button type="button" onClick={() => onGo(step as Step)}>
                  {shown}
                </button>
              ) : (
                <span aria-current={step === here ? 'step' : undefined}>{shown}</span>
              )}
            </li>
          )
        })}
      </ol>
    </nav>
  )
}
