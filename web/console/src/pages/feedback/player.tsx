// A patient's voice. It is fetched when somebody wants to hear it: every hearing is in the audit log.

import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'

import { download, file } from '../../api/client'
import type { Shape } from '../../api/types'
import { useWords } from '../../i18n/words'
import { clock } from '../../logic/waveform'
import { Button } from '../../ui/button'
import { Notice, Trouble } from '../../ui/notice'
import { Player, soundOf } from '../../ui/player'

type Feedback = Pick<Shape<'FeedbackDetail'>, 'id' | 'voice' | 'voice_awaited' | 'voice_seconds' | 'voice_problems'>

const fetchSound = async (id: number) => soundOf((await file(`/api/v1/feedback/${id}/recording`)).blob)

export function Voice({ feedback }: { feedback: Feedback }) {
  const words = useWords()
  const say = words.feedback.player
  const load = useMutation({ mutationFn: () => fetchSound(feedback.id) })
  const sound = load.data
  useEffect(() => () => (sound ? URL.revokeObjectURL(sound.url) : undefined), [sound])
  if (feedback.voice_awaited) return <Notice>{say.awaited}</Notice>
  if (!feedback.voice) return null
  const problems: Record<string, string> = say.problems
  return (
    <div className="voice">
      {feedback.voice_problems.map((problem) => (
        <Notice key={problem} tone="warn">
          {problems[problem] ?? say.otherProblem}
        </Notice>
      ))}
      {sound ? (
        <Player sound={sound} onDownload={() => void download(`/api/v1/feedback/${feedback.id}/voice`)} />
      ) : (
        <Button icon="play" busy={load.isPending} onClick={() => load.mutate()}>
          {load.isPending ? say.loading : say.play}
          {feedback.voice_seconds !== null && ` · ${clock(feedback.voice_seconds)}`}
        </Button>
      )}
      <Trouble error={load.error} />
    </div>
  )
}
