import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { Button } from '../../ui/button'

type Step = Shape<'CallStep'>

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#']

interface Props {
  step: Step
  act: (event: string) => void
}

const has = (step: Step, event: string) => step.choices.some((one) => one.event === event)
/** In a code the keys are pressed all at once, by the buttons below. */
const takesKeys = (step: Step) => step.step !== 'code' && has(step, 'wrong')

/** The keys of the phone; one that is not offered is answered as a real call answers it. */
export function Keypad({ step, act }: Props) {
  return (
    <div className="keypad">
      {KEYS.map((key) => (
        <button
          key={key}
          type="button"
          disabled={!takesKeys(step)}
          className={has(step, key) ? 'offered' : undefined}
          onClick={() => act(has(step, key) ? key : 'wrong')}
        >
          {key}
        </button>
      ))}
    </div>
  )
}

/** What else somebody can do. */
export function Others({ step, act }: Props) {
  const say = useWords().phrases.call
  const shown = step.choices.filter((one) => /^[a-z]/.test(one.event) && !(one.event === 'wrong' && takesKeys(step)))
  return (
    <div className="others">
      {shown.map((one) => (
        <Button key={one.event} onClick={() => act(one.event)}>
          {say.events[one.event] ?? one.event}
        </Button>
      ))}
    </div>
  )
}
