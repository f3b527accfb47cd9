import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { Component, lazy, type ReactNode, Suspense, useEffect } from 'react'
import { Route, Router, Switch, useLocation } from 'wouter'

import { follow } from './api/live'
import { ApiError, AwayError } from './api/problem'
import { away, back } from './api/reach'
import { SpokenIn, useWords } from './i18n/words'
import { forgetDrafts } from './logic/drafts'
import { useStore } from './logic/store'
import { type Me, resume, session } from './session/session'
import { SignInPage } from './session/sign-in'
import { pageAt, Shell } from './shell/shell'
import { LinkButton } from './ui/button'
import { Page } from './ui/page'

const Today = lazy(() => import('./pages/today/today'))
const Reminders = lazy(() => import('./pages/reminders/list'))
const NewReminder = lazy(() => import('./pages/reminders/new'))
const ReminderDetail = lazy(() => import('./pages/reminders/detail'))
const Deliveries = lazy(() => import('./pages/deliveries/list'))
const Bulk = lazy(() => import('./pages/bulk/list'))
const NewBulk = lazy(() => import('./pages/bulk/new'))
const BulkDetail = lazy(() => import('./pages/bulk/detail'))
const ChangeBulk = lazy(() => import('./pages/bulk/change'))
const Feedback = lazy(() => import('./pages/feedback/inbox'))
const Tasks = lazy(() => import('./pages/tasks/tasks'))
const Trends = lazy(() => import('./pages/trends/trends'))
const Phrases = lazy(() => import('./pages/phrases/overview'))
const Flow = lazy(() => import('./pages/phrases/flow'))
const Hear = lazy(() => import('./pages/phrases/hear'))
const Settings = lazy(() => import('./pages/settings/settings'))
const SignInAgain = lazy(() => import('./session/again'))

/** Somebody else has gone to another establishment in a second window: what is shown is not theirs. */
function reloadElsewhere(error: unknown) {
  if (error instanceof ApiError && error.code === 'other_establishment') location.reload()
}

const client = new QueryClient({
  queryCache: new QueryCache({ onError: reloadElsewhere }),
  mutationCache: new MutationCache({ onError: reloadElsewhere }),
  defaultOptions: {
    // Requests wait for the service by themselves; what it answers is not asked for twice.
    queries: { retry: false, staleTime: 5000, networkMode: 'always' },
    mutations: { retry: false, networkMode: 'always' },
  },
})

export const App = () => (
  <SpokenIn>
    <QueryClientProvider client={client}>
      <Router base="/console">
        <Door />
      </Router>
    </QueryClientProvider>
  </SpokenIn>
)

async function begin() {
  for (;;) {
    try {
      return await resume()
    } catch (error) {
      if (!(error instanceof AwayError)) return session.set({ state: 'out' })
      await back()
    }
  }
}

function Door() {
  const now = useStore(session)
  const words = useWords()
  const gone = useStore(away)
  useEffect(() => {
    if (now.state === 'asking') void begin()
    if (now.state !== 'out') return
    client.clear()
    forgetDrafts()
  }, [now.state])
  if (now.state === 'asking') return gone ? <p className="alone">{words.common.away}</p> : null
  if (now.state === 'out') return <SignInPage />
  return (
    <>
      {/* Another establishment: nothing of the old one stays on the screen. */}
      <Inside key={now.me.current.establishment_id} me={now.me} />
      {now.state === 'expired' && (
        <Suspense>
          <SignInAgain me={now.me} />
        </Suspense>
      )}
    </>
  )
}

function Inside({ me }: { me: Me }) {
  const [path] = useLocation()
  useEffect(() => {
    const stop = new AbortController()
    void follow(client, stop.signal)
    return () => {
      stop.abort()
      client.clear()
    }
  }, [])
  useEffect(
    () =>
      away.watch(() => {
        if (!away.get()) void client.invalidateQueries()
      }),
    [],
  )
  return (
    <Shell me={me}>
      <Fence key={pageAt(path)}>
        <Suspense fallback={<div className="page" aria-busy="true" />}>
          <Switch>
            <Route path="/">
              <Today me={me} />
            </Route>
            <Route path="/reminders">
              <Reminders me={me} />
            </Route>
            <Route path="/reminders/new">
              <NewReminder me={me} />
            </Route>
            <Route path="/reminders/:id">{({ id }) => <ReminderDetail key={id} id={Number(id)} me={me} />}</Route>
            <Route path="/deliveries">
              <Deliveries me={me} />
            </Route>
            <Route path="/bulk">
              <Bulk me={me} />
            </Route>
            <Route path="/bulk/new">
              <NewBulk me={me} />
            </Route>
            <Route path="/bulk/:id">{({ id }) => <BulkDetail key={id} id={Number(id)} me={me} />}</Route>
            <Route path="/bulk/:id/change">{({ id }) => <ChangeBulk key={id} id={Number(id)} me={me} />}</Route>
            <Route path="/feedback/:id?">
              {({ id }) => <Feedback me={me} chosen={id === undefined ? null : Number(id)} />}
            </Route>
            <Route path="/tasks/:id?">
              {({ id }) => <Tasks me={me} chosen={id === undefined ? null : Number(id)} />}
            </Route>
            <Route path="/trends">
              <Trends me={me} />
            </Route>
            <Route path="/phrases">
              <Phrases me={me} />
            </Route>
            <Route path="/phrases/:flow/:language/call">
              {({ flow, language }) => <Hear key={`${flow}/${language}`} flow={flow} language={language} me={me} />}
            </Route>
            <Route path="/phrases/:flow/:language/:phrase?">
              {({ flow, language, phrase }) => (
                <Flow flow={flow} language={language} chosen={phrase ?? null} me={me} />
              )}
            </Route>
            <Route path="/settings/:section?">{({ section }) => <Settings me={me} section={section ?? ''} />}</Route>
            <Route>
              <NotFound />
            </Route>
          </Switch>
        </Suspense>
      </Fence>
    </Shell>
  )
}

function NotFound() {
  const words = useWords()
  return (
    <Page title={words.common.notFound} lead={words.common.notFoundText}>
      <LinkButton to="/">{words.common.goToday}</LinkButton>
    </Page>
  )
}

/** A page that breaks does not take the others along, nor what was typed. */
class Fence extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false }

  static getDerivedStateFromError() {
    return { broken: true }
  }

  override render() {
    return this.state.broken ? <Broken /> : this.props.children
  }
}

function Broken() {
  const words = useWords()
  return (
    <Page title={words.common.broken} lead={words.common.brokenText}>
      <a className="button plain" href="/console/">
        {words.common.goToday}
      </a>
    </Page>
  )
}
